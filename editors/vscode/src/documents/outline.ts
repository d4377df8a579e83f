// What the daemon says of a document: where events stand in a session's text, what folds, what a handoff cites.

import type { DocumentEvent } from "../daemon/protocol";

export interface Fold {
  start: number;
  end: number;
}

export interface Citation {
  line: number;
  start: number;
  end: number;
  /** As it is written; absent where it is the document's own session. */
  session?: string;
  event: number;
}

export const isPrompt = (event: DocumentEvent): boolean => event.kind === "prompt";
export const isEdit = (event: DocumentEvent): boolean => event.kind === "edit";
export const isThinking = (event: DocumentEvent): boolean => event.kind === "thinking";
export const hasFailed = (event: DocumentEvent): boolean => event.failed === true;

/** Turns, and within them the events that have a body. */
export function folds(outline: readonly DocumentEvent[]): Fold[] {
  const found: Fold[] = [];
  outline.forEach((event, index) => {
    const end = isPrompt(event) ? turnEnd(outline, index) : event.last;
    if (end > event.line) found.push({ start: event.line, end });
  });
  return found;
}

/** The last line of the turn that the prompt at `index` begins. */
export function turnEnd(outline: readonly DocumentEvent[], index: number): number {
  const next = outline.findIndex((event, at) => at > index && isPrompt(event));
  return outline[next === -1 ? outline.length - 1 : next - 1]?.last ?? 0;
}

/** The line of an event; of the one before it where it is not shown by itself. */
export function lineOf(outline: readonly DocumentEvent[], event: number): number | undefined {
  return outline.findLast((known) => known.event <= event)?.line;
}

/** The first line after `line` (before it, backwards) that is wanted. */
export function neighbour(
  outline: readonly DocumentEvent[],
  line: number,
  direction: 1 | -1,
  wanted: (event: DocumentEvent) => boolean,
): number | undefined {
  const chosen = outline.filter(wanted);
  return direction === 1
    ? chosen.find((event) => event.line > line)?.line
    : chosen.findLast((event) => event.line < line)?.line;
}

/** Citations of a handoff: `[#131]`, `[4f2a91c7#131]`, several in one pair of brackets. */
export function citations(lines: readonly string[]): Citation[] {
  return lines.flatMap((text, line) =>
    [...text.matchAll(/\[((?:[0-9a-f]{8,32})?#\d+(?:[,; -]+(?:[0-9a-f]{8,32})?#\d+)*)\]/g)].flatMap((group) =>
      [...(group[1] ?? "").matchAll(/([0-9a-f]{8,32})?#(\d+)/g)].map((match) => {
        const start = group.index + 1 + match.index;
        const place = { line, start, end: start + match[0].length, event: Number(match[2]) };
        return match[1] === undefined ? place : { ...place, session: match[1] };
      }),
    ),
  );
}

/** Citations of a comparison, whose sides are called A and B: on their line, or in the heading above it. */
export function comparedCitations(lines: readonly string[], a: string, b: string): Citation[] {
  let heading: string | undefined;
  const sideAt: (string | undefined)[] = lines.map((text) => {
    const only = /^Only ([AB]), /.exec(text)?.[1];
    if (only !== undefined || /^(#|Both, )/.test(text)) heading = only;
    return heading;
  });
  return citations(lines).map((citation) => {
    const before = (lines[citation.line] ?? "").slice(0, citation.start).replace(/`[^`]*`/g, "");
    const named = [...before.matchAll(/(?:^|[\s;])([AB])(?=[:, ])/g)].at(-1)?.[1] ?? sideAt[citation.line];
    return { ...citation, session: citation.session ?? (named === "B" ? b : a) };
  });
}

/** What stood in the file, and what stands there after an edit, as far as the hunks of its diff tell. */
export function sides(diff: string): { before: string; after: string } {
  const before: string[] = [];
  const after: string[] = [];
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    const rest = line.slice(1);
    if (line.startsWith("@@")) {
      // What lies between two hunks is not told.
      if (before.length + after.length > 0) [before, after].forEach((side) => side.push("", "…", ""));
    } else if (line.startsWith("-")) before.push(rest);
    else if (line.startsWith("+")) after.push(rest);
    else if (!line.startsWith("\\")) [before, after].forEach((side) => side.push(rest));
  }
  return { before: before.join("\n"), after: after.join("\n") };
}
