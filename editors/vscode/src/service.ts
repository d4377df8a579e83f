// The daemon by hand: its state, its log, another start, and where its binary is.

import * as vscode from "vscode";
import { daemonLog } from "./daemon/binary";
import type { Daemon } from "./daemon/daemon";
import * as settings from "./settings";
import * as text from "./text";

const SUCCESS_MS = 3_000;

interface Row extends vscode.QuickPickItem {
  command?: string;
}

export async function showStatus(daemon: Daemon): Promise<void> {
  const rows = daemon.request("daemon/status", {}).then((status): Row[] => {
    const { running, runningDetail, socket, sessions, sessionsDetail, index, indexDetail, store, log, publish, warning } =
      text.statusRows;
    const since = status.started === null ? "-" : text.ago(status.started, new Date());
    return [
      { label: running(), description: runningDetail(status.version, status.pid, since) },
      { label: sessions(), description: sessionsDetail(status.sessions, status.agents, status.live) },
      { label: index(), description: indexDetail(status.index.state, status.index.events, status.index.bytes) },
      { label: publish(), description: status.publish_on },
      { label: socket(), description: status.socket },
      { label: store(), description: status.store },
      { label: log(), description: status.log, command: "opensession.log" },
      ...status.warnings.map(({ subject, message, remedy }) => ({
        label: `$(warning) ${warning(subject)}`,
        description: message,
        ...(remedy === null ? {} : { detail: remedy }),
      })),
    ];
  });
  await choose(rows);
}

export async function showMenu(): Promise<void> {
  const names = ["search", "browse", "handoff", "resume", "export", "diff", "status", "restart", "log", "locate"] as const;
  await choose(names.map((name) => ({ label: text.menu[name](), command: `opensession.${name}` })));
}

async function choose(rows: Row[] | Promise<Row[]>): Promise<void> {
  const chosen = await vscode.window.showQuickPick(rows, { title: text.statusItemName() });
  if (chosen?.command !== undefined) await vscode.commands.executeCommand(chosen.command);
}

export async function restart(daemon: Daemon): Promise<void> {
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: text.starting() }, () => daemon.restart());
  vscode.window.setStatusBarMessage(text.restarted(daemon.hello?.version ?? ""), SUCCESS_MS);
}

/** The log as a file while the daemon tells where it is, else what the binary prints of it. */
export async function showLog(daemon: Daemon, output: vscode.LogOutputChannel): Promise<void> {
  const status = await daemon.requestIfReady("daemon/status", {});
  if (status !== undefined) {
    const editor = await vscode.window.showTextDocument(vscode.Uri.file(status.log), { preview: true });
    // What happened last is at its end.
    const end = editor.document.lineAt(editor.document.lineCount - 1).range.end;
    editor.selection = new vscode.Selection(end, end);
    editor.revealRange(new vscode.Range(end, end));
    return;
  }
  output.show(true);
  output.info(await daemonLog(await daemon.binary()));
}

export async function locate(daemon: Daemon): Promise<void> {
  const chosen = await vscode.window.showOpenDialog({ title: text.locateTitle(), canSelectMany: false });
  const file = chosen?.[0];
  if (file === undefined) return;
  await settings.setPath(file.fsPath);
  await daemon.look();
}
