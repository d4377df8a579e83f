// Two sessions compared, as a read-only Markdown document whose citations lead to the events.

import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import * as text from "../text";
import { daemonAddress, diffParts, readDiffParts, SCHEME } from "./address";
import { comparedCitations } from "./outline";
import { commandUri, linesOf } from "./sessions";

const SELECTOR: vscode.DocumentSelector = { scheme: SCHEME, language: "markdown" };

export class Comparisons implements vscode.TextDocumentContentProvider, vscode.DocumentLinkProvider {
  constructor(private readonly daemon: Daemon) {}

  register(): vscode.Disposable {
    return vscode.languages.registerDocumentLinkProvider(SELECTOR, this);
  }

  async provideTextDocumentContent(uri: vscode.Uri, token?: vscode.CancellationToken): Promise<string> {
    const asked = readDiffParts(uri);
    if (asked === undefined) throw new Error(uri.toString());
    return (await this.daemon.request("session/diff", { ...asked, markdown: true }, token)).markdown ?? "";
  }

  async show(a: string, b: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, ...diffParts(a, b) });
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: false });
  }

  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    const asked = readDiffParts(document.uri);
    if (asked === undefined) return [];
    return comparedCitations(linesOf(document), asked.a, asked.b).map(({ line, start, end, session, event }) => {
      const target = commandUri("opensession.open", daemonAddress(session ?? asked.a, event));
      const link = new vscode.DocumentLink(new vscode.Range(line, start, line, end), target);
      link.tooltip = text.openEvent(event);
      return link;
    });
  }
}
