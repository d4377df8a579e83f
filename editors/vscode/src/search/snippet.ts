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
