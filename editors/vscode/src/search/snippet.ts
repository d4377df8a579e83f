// Hits as the list of a quick pick can show them.

/** The query is one word: the list's own highlight finds it. */
export function isOnePlainTerm(query: string): boolean {
  return /^[\p{L}\p{N}_]+$/u.test(query.trim());
}

/** The matches between `«` and `»`. Ranges are in code points, JavaScript's offsets are not. */
export function marked(text: string, ranges: readonly (readonly [number, number])[]): string {
  const characters = [...text];
  let out = "";
  let at = 0;
  for (const [start, end] of ranges) {
    if (start < at || end <= start || end > characters.length) continue;
    out += `${characters.slice(at, start).join("")}«${characters.slice(start, end).join("")}»`;
    at = end;
  }
  return out + characters.slice(at).join("");
}

/** A hit's text, cut to so many cells around its first match: what stands beside it stays in sight. */
export function around(
  text: string,
  ranges: readonly (readonly [number, number])[],
  cells: number,
): { text: string; ranges: [number, number][] } {
  const characters = [...text];
  /** Cells before each character. */
  const cellsBefore = [0];
  for (const one of characters) cellsBefore.push((cellsBefore.at(-1) ?? 0) + cellsOf(one));
  const width = (from: number, to: number): number => (cellsBefore[to] ?? 0) - (cellsBefore[from] ?? 0);
  if (width(0, characters.length) <= cells) return { text, ranges: ranges.map(([start, end]) => [start, end]) };
  const [first, last] = ranges[0] ?? [0, 0];
  // A third of what is left over stands before the match.
  const before = Math.max(0, cells - width(first, last)) / 3;
  let from = first;
  while (from > 0 && width(from - 1, first) <= before) from -= 1;
  if (width(from, characters.length) < cells) while (from > 0 && width(from - 1, characters.length) <= cells - 1) from -= 1;
  let to = from;
  while (to < characters.length && width(from, to + 1) <= cells - 2) to += 1;
  const [head, tail] = [from > 0 ? "…" : "", to < characters.length ? "…" : ""];
  const moved = ranges.flatMap(([start, end]): [number, number][] =>
    start >= from && end <= to ? [[start - from + head.length, end - from + head.length]] : [],
  );
  return { text: head + characters.slice(from, to).join("") + tail, ranges: moved };
}

const WIDE = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}]/u;

/** Hangul, Han, Kana and pictures are twice as wide. */
const cellsOf = (character: string): number => (character > "\u10ff" && WIDE.test(character) ? 2 : 1);

/** Text whose `$(name)` is not drawn as an icon. */
export function withoutIcons(text: string): string {
  return text.replace(/\$\(/g, "$\u200b(");
}

/** The words that a hit matched, in lower case and without repeats. */
export function matchedWords(text: string, ranges: readonly (readonly [number, number])[]): string[] {
  const characters = [...text];
  const words = ranges.map(([start, end]) => characters.slice(start, end).join("").toLowerCase());
  return [...new Set(words.filter((word) => word.trim() !== ""))];
}

export interface Place {
  line: number;
  start: number;
  end: number;
}

/** Where these words stand in lines `from` to `to`, both of them included; no more than `most` places. */
export function places(lines: readonly string[], from: number, to: number, words: readonly string[], most = 500): Place[] {
  const found: Place[] = [];
  for (let line = from; line <= Math.min(to, lines.length - 1) && found.length < most; line += 1) {
    const text = (lines[line] ?? "").toLowerCase();
    for (const word of words) {
      for (let start = text.indexOf(word); start !== -1 && found.length < most; start = text.indexOf(word, start + word.length)) {
        found.push({ line, start, end: start + word.length });
      }
    }
  }
  return found.sort((one, other) => one.line - other.line || one.start - other.start);
}
