// Choosing a session: the workspace's newest is active, so that Enter suffices.

import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import type { SessionInfo } from "../daemon/protocol";
import * as settings from "../settings";
import * as text from "../text";
import { group } from "./groups";

const LISTED = 100;

interface Item extends vscode.QuickPickItem {
  session?: SessionInfo;
}

/** A session that the user chose; `except` is not among them. */
export async function pickSession(daemon: Daemon, title: string, except?: string): Promise<SessionInfo | undefined> {
  const scope = settings.scopeOf(settings.scope());
  const cancel = new vscode.CancellationTokenSource();
  const items = daemon.request("session/list", { filter: { scope }, limit: LISTED }, cancel.token).then((page): Item[] => {
    const sessions = page.sessions.filter(({ id }) => id !== except);
    if (sessions.length === 0) {
      return [{ label: text.noSession(), description: text.noSessionDetail(page.sessions_kept), alwaysShow: true }];
    }
    return sessionItems(daemon, sessions);
  });
  try {
    const options = { title, placeHolder: text.pickSession(), matchOnDescription: true, matchOnDetail: true };
    return (await vscode.window.showQuickPick(items, options, cancel.token))?.session;
  } finally {
    cancel.dispose();
  }
}

/** Sessions by day. */
export function sessionItems(daemon: Daemon, sessions: readonly SessionInfo[]): Item[] {
  const now = new Date();
  return group(sessions, "day", now, (id) => daemon.agentName(id)).flatMap((day) => [
    { label: day.label, kind: vscode.QuickPickItemKind.Separator },
    ...day.sessions.map((session) => ({
      label: session.title,
      description: text.describe(session, daemon.agentName(session.agent), now),
      detail: text.detail(session),
      session,
    })),
  ]);
}
