// What sessions did to a file: the lens above it, the hover, and the list. The daemon writes lens and hover.

import { basename } from "node:path";
import * as vscode from "vscode";
import type { Daemon } from "./daemon/daemon";
import { daemonAddress } from "./documents/address";
import { commandUri } from "./documents/sessions";
import * as settings from "./settings";
import * as text from "./text";

const FILES: vscode.DocumentSelector = { scheme: "file" };
const LISTED = 50;

interface Row extends vscode.QuickPickItem {
  address?: string;
}

export class Files implements vscode.CodeLensProvider, vscode.HoverProvider {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly daemon: Daemon) {}

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.languages.registerCodeLensProvider(FILES, this),
      vscode.languages.registerHoverProvider(FILES, this),
      this.daemon.onDidChangeState(() => this.changed.fire()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("opensession.codeLens")) this.changed.fire();
      }),
      this.changed,
    );
  }

  async provideCodeLenses(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.CodeLens[]> {
    if (!settings.codeLens()) return [];
    const textDocument = { uri: document.uri.toString() };
    const lenses = await this.daemon.requestIfReady("textDocument/codeLens", { textDocument }, token);
    return (lenses ?? []).map(({ range: { start, end }, command }) => {
      const range = new vscode.Range(start.line, start.character, end.line, end.character);
      return new vscode.CodeLens(range, command);
    });
  }

  async provideHover(
    document: vscode.TextDocument,
    { line, character }: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    if (!settings.hover()) return undefined;
    const textDocument = { uri: document.uri.toString() };
    const hover = await this.daemon.requestIfReady("textDocument/hover", { textDocument, position: { line, character } }, token);
    if (hover === null || hover === undefined) return undefined;
    const markdown = new vscode.MarkdownString(withCommands(hover.contents.value));
    const session = /\]\(opensession:\/\/session\/([0-9A-Za-z-]+)/.exec(hover.contents.value)?.[1];
    const more = [
      ...(session === undefined ? [] : [`[${text.handoffSummary()}](${commandUri("opensession.handoff", session).toString()})`]),
      `[${text.allSessions()}](${commandUri("opensession.who").toString()})`,
    ];
    markdown.appendMarkdown(`\n\n${more.join(" · ")}`);
    markdown.isTrusted = { enabledCommands: ["opensession.open", "opensession.handoff", "opensession.who"] };
    return new vscode.Hover(markdown);
  }

  /** Lists the sessions that changed a file; Enter opens at the last edit. */
  async who(uri: vscode.Uri | undefined): Promise<void> {
    const file = uri ?? vscode.window.activeTextEditor?.document.uri;
    if (file?.scheme !== "file") return;
    const name = basename(file.fsPath);
    const now = new Date();
    const items = this.daemon.request("file/sessions", { path: file.fsPath, limit: LISTED }).then(({ sessions }): Row[] => {
      if (sessions.length === 0) return [{ label: text.nobodyTouched(name) }];
      return sessions.map(({ session, holder, edits, added, removed, event, ts, prompt }) => ({
        label: session.title,
        description: text.describe({ ...session, updated: ts ?? session.updated }, this.daemon.agentName(session.agent), now),
        detail: [`#${event}`, text.edits(edits), `+${added} -${removed}`, prompt === null || prompt === session.title ? "" : text.oneLine(prompt)]
          .filter((part) => part !== "")
          .join(" · "),
        address: daemonAddress(holder ?? session.id, event),
      }));
    });
    const chosen = await vscode.window.showQuickPick(items, { title: text.whoTitle(name), placeHolder: text.pickSession(), matchOnDetail: true });
    if (chosen?.address !== undefined) await vscode.commands.executeCommand("opensession.open", chosen.address);
  }
}

/** The daemon's own addresses as commands that open at the event. */
function withCommands(markdown: string): string {
  return markdown.replace(/\]\((opensession:\/\/session\/[0-9A-Za-z-]+(?:#\d+)?)\)/g, (_, address: string) => {
    return `](${commandUri("opensession.open", address).toString()})`;
  });
}
