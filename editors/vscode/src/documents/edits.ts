// Edits in the diff editor, and the files that they changed.

import { isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import * as text from "../text";
import { editParts, readEditParts, SCHEME, type SessionAddress } from "./address";
import { sides } from "./outline";

export class Edits implements vscode.TextDocumentContentProvider {
  constructor(private readonly daemon: Daemon) {}

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const asked = readEditParts(uri);
    if (asked === undefined) throw new Error(uri.toString());
    return sides((await this.edit(asked.session, asked.event)).diff)[asked.side];
  }

  async openDiff({ session, event }: SessionAddress): Promise<void> {
    if (event === undefined) return;
    const { path, diff } = await this.edit(session, event);
    if (diff === "") {
      vscode.window.setStatusBarMessage(text.noDiff(), 3_000);
      return;
    }
    const [before, after] = (["before", "after"] as const).map((side) =>
      vscode.Uri.from({ scheme: SCHEME, ...editParts(session, event, side, path) }),
    );
    const title = text.diffTitle(path.split(/[/\\]/).at(-1) ?? path, event);
    await vscode.commands.executeCommand("vscode.diff", before, after, title, { preview: true });
  }

  async openFile(session: string, path: string): Promise<void> {
    const { cwd } = (await this.daemon.request("session/get", { session })).session;
    const file = vscode.Uri.file(isAbsolute(path) ? path : join(cwd ?? "/", path));
    try {
      await vscode.workspace.fs.stat(file);
    } catch {
      void vscode.window.showInformationMessage(text.fileGone(file.fsPath));
      return;
    }
    await vscode.window.showTextDocument(file, { preview: true });
  }

  private async edit(session: string, event: number): Promise<{ path: string; diff: string }> {
    const [found] = (await this.daemon.request("session/events", { session, from: event, limit: 1 })).events;
    return { path: found?.hail.path ?? "", diff: found?.hail.diff ?? "" };
  }
}
