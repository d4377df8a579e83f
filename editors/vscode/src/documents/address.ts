// Addresses of our documents, without any editor's types.
//
//   opensession://session/<id>/<title>.session            a session
//   opensession://session/<id>/<title>.session?from=900   what a long one goes on with
//   opensession://session/<id>/<title> #7.session?event=7 one event of it in full
//   opensession://handoff/<id>/handoff.md?brief           its handoff
//   opensession://diff/<id>/<id>/diff.md                  two sessions compared
//   opensession://edit/<id>/<event>/<before|after>/<name> what an edit made of a file
// The daemon writes opensession://session/<id>#7; what follows the id only names the tab.

export const SCHEME = "opensession";
const TITLE_CHARACTERS = 60;

export interface Parts {
  authority: string;
  path: string;
  query: string;
}

export interface SessionAddress {
  session: string;
  /** Only this event, in full. */
  event?: number;
  /** The text begins with this event. */
  from?: number;
}

export function sessionParts({ session, event, from }: SessionAddress, title: string): Parts {
  // A name with a slash would be a folder, one with control characters is drawn as boxes.
  const name = [...title.replace(/[/\\\p{Cc}]/gu, " ").replace(/\s+/g, " ").trim()].slice(0, TITLE_CHARACTERS).join("").replace(/[. ]+$/, "");
  const suffix = event === undefined ? "" : ` #${event}`;
  const query = event !== undefined ? `event=${event}` : from !== undefined && from > 1 ? `from=${from}` : "";
  return { authority: "session", path: `/${session}/${name === "" ? session.slice(0, 8) : name}${suffix}.session`, query };
}

export function readSessionParts({ authority, path, query }: Parts): SessionAddress | undefined {
  const session = /^\/([0-9A-Za-z-]+)(?:\/|$)/.exec(path)?.[1];
  if (authority !== "session" || session === undefined) return undefined;
  const asked = /^(event|from)=(\d+)$/.exec(query);
  if (asked === null) return { session };
  const number = Number(asked[2]);
  return asked[1] === "event" ? { session, event: number } : { session, from: number };
}

/** An address as the daemon writes it, in texts, lenses and hovers. */
export function readDaemonAddress(address: string): SessionAddress | undefined {
  const read = /^opensession:\/\/session\/([0-9A-Za-z-]+)(?:[/?][^#]*)?(?:#e?(\d+))?$/.exec(address);
  if (read?.[1] === undefined) return undefined;
  return read[2] === undefined ? { session: read[1] } : { session: read[1], event: Number(read[2]) };
}

export function daemonAddress(session: string, event?: number): string {
  return `${SCHEME}://session/${session}${event === undefined ? "" : `#${event}`}`;
}

export function handoffParts(session: string, budget: string): Parts {
  return { authority: "handoff", path: `/${session}/handoff.md`, query: budget };
}

export function readHandoffParts({ authority, path, query }: Parts): { session: string; budget: string } | undefined {
  const session = /^\/([0-9A-Za-z-]+)\/handoff\.md$/.exec(path)?.[1];
  if (authority !== "handoff" || session === undefined || !/^[a-z0-9]+$/.test(query)) return undefined;
  return { session, budget: query };
}

export function diffParts(a: string, b: string): Parts {
  return { authority: "diff", path: `/${a}/${b}/diff.md`, query: "" };
}

export function readDiffParts({ authority, path }: Parts): { a: string; b: string } | undefined {
  const [, a, b] = /^\/([0-9A-Za-z-]+)\/([0-9A-Za-z-]+)\/diff\.md$/.exec(path) ?? [];
  return authority !== "diff" || a === undefined || b === undefined ? undefined : { a, b };
}

export type EditSide = "before" | "after";

/** `file` gives the name, and with it the language. */
export function editParts(session: string, event: number, side: EditSide, file: string): Parts {
  const name = file.split(/[/\\]/).at(-1) ?? "";
  return { authority: "edit", path: `/${session}/${event}/${side}/${name === "" ? "file" : name}`, query: "" };
}

export function readEditParts({ authority, path }: Parts): { session: string; event: number; side: EditSide } | undefined {
  const [, session, event, side] = /^\/([0-9A-Za-z-]+)\/(\d+)\/(before|after)\//.exec(path) ?? [];
  if (authority !== "edit" || session === undefined) return undefined;
  return { session, event: Number(event), side: side === "before" ? "before" : "after" };
}
