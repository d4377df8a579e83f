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
