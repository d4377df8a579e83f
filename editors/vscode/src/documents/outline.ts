// What a session's text says of itself: where its events are, what folds, where it links to. The daemon writes the text
// (`session/document`); prompts stand at the margin, events indented by two, four within subagents, bodies two deeper.

export interface EventLine {
  /** From 0. */
  line: number;
  event: number;
  indent: number;
  /** `you`, `agent`, `output`, `edit`, or a tool's name. */
  label: string;
  rest: string;
  failed: boolean;
}

export interface Fold {
  start: number;
  end: number;
}

export interface TextLink {
  line: number;
  start: number;
  end: number;
  address: string;
}

const EVENT = /^( *)#(\d+) (\S+)(?: \d\d:\d\d)?(?: {1,2}(.*))?$/;
const INDENT_MOST = 4;
const ADDRESS = /opensession:\/\/session\/[0-9A-Za-z-]+(?:#\d+)?/g;

/** The lines at which events begin. A number is only ever followed by greater ones: outputs may hold the like. */
export function eventLines(lines: readonly string[]): EventLine[] {
  const found: EventLine[] = [];
  let last = 0;
  lines.forEach((text, line) => {
    const read = EVENT.exec(text);
    if (read === null) return;
    const [, spaces = "", digits = "", label = "", rest = ""] = read;
    const event = Number(digits);
    if (spaces.length > INDENT_MOST || spaces.length % 2 !== 0 || event <= last) return;
    last = event;
    const failed = label === "error" || (label === "output" && /^failed\b/.test(rest));
    found.push({ line, event, indent: spaces.length, label, rest, failed });
  });
  return found;
}

export const isPrompt = (event: EventLine): boolean => event.label === "you" && event.indent === 0;
export const isEdit = (event: EventLine): boolean => event.label === "edit";

/** Turns, and within them the events that have a body. */
export function folds(lines: readonly string[], events: readonly EventLine[]): Fold[] {
  const found: Fold[] = [];
  const endBefore = (line: number): number => {
    let end = line - 1;
    while (end > 0 && lines[end]?.trim() === "") end -= 1;
    return end;
  };
  const add = (start: number, next: number): void => {
    const end = endBefore(next);
    if (end > start) found.push({ start, end });
  };
  const prompts = events.filter(isPrompt);
  prompts.forEach((prompt, index) => add(prompt.line, prompts[index + 1]?.line ?? lines.length));
  events.forEach((event, index) => {
    if (!isPrompt(event)) add(event.line, events[index + 1]?.line ?? lines.length);
  });
  return found.sort((one, other) => one.start - other.start);
}

/** The line of an event; of the one before it where it is not shown by itself. */
export function lineOf(events: readonly EventLine[], event: number): number | undefined {
  let line: number | undefined;
  for (const known of events) {
    if (known.event > event) break;
    line = known.line;
  }
  return line;
}

/** The first line after `line` (before it, backwards) that is wanted. */
export function neighbour(
  events: readonly EventLine[],
  line: number,
  direction: 1 | -1,
  wanted: (event: EventLine) => boolean,
): number | undefined {
  const chosen = events.filter(wanted);
  return direction === 1
    ? chosen.find((event) => event.line > line)?.line
    : chosen.findLast((event) => event.line < line)?.line;
}

/** Addresses that the daemon wrote. */
export function links(lines: readonly string[]): TextLink[] {
  return lines.flatMap((text, line) =>
    [...text.matchAll(ADDRESS)].map((match) => ({
      line,
      start: match.index,
      end: match.index + match[0].length,
      address: match[0],
    })),
  );
}

/** Citations of a handoff: `[#131]`, `[4f2a91c7#131]`, several in one pair of brackets. */
export function citations(lines: readonly string[]): { line: number; start: number; end: number; session?: string; event: number }[] {
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
