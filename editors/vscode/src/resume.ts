// Continuing a session in its own agent, in a terminal.

import * as vscode from "vscode";
import type { Daemon } from "./daemon/daemon";
import * as text from "./text";

export async function resume(daemon: Daemon, session: string): Promise<void> {
  const detail = await daemon.request("session/get", { session });
  if (detail.resume === null) {
    void vscode.window.showInformationMessage(text.cannotResume(daemon.agentName(detail.session.agent)));
    return;
  }
  // `opensession resume` knows the command, its directory and what is missing for it; no shell reads any of this.
  const terminal = vscode.window.createTerminal({
    name: text.terminalName(detail.session.title),
    shellPath: await daemon.binary(),
    shellArgs: ["resume", detail.session.id],
    iconPath: new vscode.ThemeIcon("history"),
  });
  terminal.show();
}
