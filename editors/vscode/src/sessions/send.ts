// A handoff as the first prompt of a new session, in a terminal.

import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import * as text from "../text";

export async function sendToAgent(daemon: Daemon, session: string, budget: string): Promise<void> {
  const agents = daemon.request("agent/list", {}).then((known) =>
    known
      .filter(({ begin }) => begin !== undefined && begin !== null)
      // Those that work on this machine first.
      .sort((one, other) => Number(other.sessions > 0) - Number(one.sessions > 0))
      .map(({ id, name, sessions }) => ({ label: name, description: sessions > 0 ? text.sessions(sessions) : "", id })),
  );
  const chosen = await vscode.window.showQuickPick(agents, { title: text.sendTitle(), placeHolder: text.sendPlaceholder() });
  if (chosen === undefined) return;
  // `opensession handoff --run` knows the agent's command and directory; no shell reads any of this.
  const terminal = vscode.window.createTerminal({
    name: text.sendTerminal(chosen.label),
    shellPath: await daemon.binary(),
    shellArgs: ["handoff", session, "--budget", budget, "--run", chosen.id],
    iconPath: new vscode.ThemeIcon("export"),
  });
  terminal.show();
}
