// Sessions in the groups that the tree shows, in the order in which the daemon gave them.

import type { SessionFilter, SessionInfo } from "../daemon/protocol";
import type { GroupBy } from "../settings";
import * as text from "../text";

export interface Group {
  /** Stays the same while sessions come and go. */
  id: string;
  label: string;
  count: number;
  /** Absent until they are asked for with `range`. */
  sessions: SessionInfo[] | undefined;
  range?: SessionFilter;
}

export function group(
  sessions: readonly SessionInfo[],
  by: GroupBy,
  now: Date,
  agentName: (id: string) => string,
): (Group & { sessions: SessionInfo[] })[] {
  const groups = new Map<string, Group & { sessions: SessionInfo[] }>();
  for (const session of sessions) {
    const [id, label] = place(session, by, now, agentName);
    const known = groups.get(id);
    if (known === undefined) groups.set(id, { id, label, count: 1, sessions: [session] });
    else {
      known.sessions.push(session);
      known.count += 1;
    }
  }
  return [...groups.values()];
}

function place(session: SessionInfo, by: GroupBy, now: Date, agentName: (id: string) => string): [string, string] {
  if (by === "agent") return [`agent:${session.agent}`, agentName(session.agent)];
  if (by === "branch") {
    if (session.branch === null) return ["branch:", text.noBranch()];
    const where = session.repository === null ? session.branch : `${session.repository}@${session.branch}`;
    return [`branch:${where}`, where];
  }
  if (session.updated === null) return ["day:", text.undated()];
  const then = new Date(session.updated);
  const days = Math.round((midnight(now) - midnight(then)) / 86_400_000);
  if (days <= 0) return ["day:today", text.today()];
  if (days === 1) return ["day:yesterday", text.yesterday()];
  if (days < 7) return ["day:week", text.thisWeek()];
  return [`day:${then.getFullYear()}-${then.getMonth() + 1}`, text.month(then)];
}

function midnight(time: Date): number {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}
