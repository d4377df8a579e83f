// Which months sessions are of, and how many are in each: asked for at once, while what is in them loads when opened.

import type { Daemon } from "../daemon/daemon";
import type { SessionFilter, SessionInfo, SessionPage } from "../daemon/protocol";
import * as text from "../text";
import type { Group } from "./groups";

/** Sessions asked for at a time. */
const PAGE = 1_000;
/** Days that are listed by themselves: today and the six before it. */
const RECENT_DAYS = 7;

type Ask = (filter: SessionFilter, limit: number, cursor?: string) => Promise<SessionPage>;

/** Asks for lists; undefined once the daemon is away and may not be started. */
export function asking(daemon: Daemon, start: boolean): Ask {
  const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return async (filter, limit, cursor) => {
    const params = { filter, limit, time_zone, ...(cursor === undefined ? {} : { cursor }) };
    const page = await (start ? daemon.request("session/list", params) : daemon.requestIfReady("session/list", params));
    if (page === undefined) throw new Error(text.daemonDown());
    return page;
  };
}

/** Every session that the filter leaves, newest first. */
export async function all(ask: Ask, filter: SessionFilter): Promise<SessionInfo[]> {
  const sessions: SessionInfo[] = [];
  let cursor: string | undefined;
  do {
    const page: SessionPage = await ask(filter, PAGE, cursor);
    sessions.push(...page.sessions);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return sessions;
}

/** The sessions of the last days. */
export function recent(ask: Ask, filter: SessionFilter, now: Date): Promise<SessionInfo[]> {
  return all(ask, { ...filter, since: text.date(daysBefore(now, RECENT_DAYS - 1)) });
}

/** The months before the last days, the last first; those without a date at the end. */
export async function months(ask: Ask, filter: SessionFilter, now: Date): Promise<Group[]> {
  const found: Group[] = [];
  let until = daysBefore(now, RECENT_DAYS);
  let rest = await ask({ ...filter, until: text.date(until) }, 1);
  // Each month is older than the one before it.
  while (rest.sessions[0] !== undefined) {
    const { updated } = rest.sessions[0];
    if (updated === null) {
      const range = { ...filter, until: text.date(until) };
      found.push({ id: "day:", label: text.undated(), count: rest.total, sessions: undefined, range });
      break;
    }
    const then = new Date(updated);
    if (then.getTime() >= daysBefore(until, -1).getTime()) break;
    const first = new Date(then.getFullYear(), then.getMonth(), 1);
    const range = { ...filter, since: text.date(first), until: text.date(until) };
    const { total } = rest;
    until = daysBefore(first, 1);
    rest = await ask({ ...filter, until: text.date(until) }, 1);
    const id = `day:${first.getFullYear()}-${first.getMonth() + 1}`;
    found.push({ id, label: text.month(first), count: total - rest.total, sessions: undefined, range });
  }
  return found;
}

function daysBefore(time: Date, days: number): Date {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate() - days);
}
