// Handoffs as read-only Markdown documents, and what can be done with one.

import { basename } from "node:path";
import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import * as settings from "../settings";
import * as text from "../text";
import { daemonAddress, handoffParts, readHandoffParts, SCHEME } from "./address";
import { chats, insert } from "./chats";
import { citations } from "./outline";
import { sendToAgent } from "../sessions/send";
import { commandUri, linesOf } from "./sessions";

const SELECTOR: vscode.DocumentSelector = { scheme: SCHEME, language: "markdown" };
const SUCCESS_MS = 3_000;

export class Handoffs implements vscode.TextDocumentContentProvider, vscode.DocumentLinkProvider, vscode.CodeLensProvider {
  /** `storage` is a folder of the extension's own, for chats that take files. */
  constructor(
    private readonly daemon: Daemon,
    private readonly storage: vscode.Uri,
  ) {}

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.languages.registerDocumentLinkProvider(SELECTOR, this),
      vscode.languages.registerCodeLensProvider(SELECTOR, this),
    );
  }

  async provideTextDocumentContent(uri: vscode.Uri, token?: vscode.CancellationToken): Promise<string> {
    const asked = readHandoffParts(uri);
    if (asked === undefined) throw new Error(uri.toString());
    const answer = await this.daemon.request("handoff/create", { sessions: [asked.session], budget: asked.budget }, token);
    return answer.text;
  }

  async show(session: string, budget = settings.budget()): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, ...handoffParts(session, budget) });
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: false });
  }

  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    const asked = readHandoffParts(document.uri);
    if (asked === undefined) return [];
    return citations(linesOf(document)).map(({ line, start, end, session, event }) => {
      const target = commandUri("opensession.open", daemonAddress(session ?? asked.session, event));
      const link = new vscode.DocumentLink(new vscode.Range(line, start, line, end), target);
      link.tooltip = text.openEvent(event);
      return link;
    });
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const asked = readHandoffParts(document.uri);
    if (asked === undefined) return [];
    const range = new vscode.Range(0, 0, 0, 0);
    const parameters = [document.uri];
    return [
      { title: text.handoffCopy(), command: "opensession.handoff.copy" },
      { title: text.handoffChat(), command: "opensession.handoff.chat" },
      { title: text.handoffSend(), command: "opensession.handoff.send" },
      { title: text.handoffSave(), command: "opensession.handoff.save" },
      { title: text.handoffEdit(), command: "opensession.handoff.edit" },
      { title: text.handoffBudget(asked.budget), command: "opensession.handoff.budget" },
    ].map((command) => new vscode.CodeLens(range, { ...command, arguments: parameters }));
  }

  async copy(uri?: vscode.Uri): Promise<void> {
    const document = await handoffOf(uri);
    if (document === undefined) return;
    await vscode.env.clipboard.writeText(document.getText());
    vscode.window.setStatusBarMessage(text.copied(), SUCCESS_MS);
  }

  /** Fills a chat's input and never sends it. Where there is no chat, or it takes nothing, the text is copied. */
  async insertIntoChat(uri?: vscode.Uri): Promise<void> {
    const document = await handoffOf(uri);
    const asked = document === undefined ? undefined : readHandoffParts(document.uri);
    if (document === undefined || asked === undefined) return;
    const query = document.getText();
    const known = await chats();
    const chat = known.length > 1 ? await vscode.window.showQuickPick(known, { title: text.chatTitle() }) : known[0];
    if (chat === undefined && known.length > 0) return;
    try {
      if (chat === undefined) throw new Error(text.chatMissing());
      await insert(chat, query, vscode.Uri.joinPath(this.storage, `handoff-${asked.session.slice(0, 8)}.md`));
      vscode.window.setStatusBarMessage(text.chatFilled(), SUCCESS_MS);
    } catch {
      await vscode.env.clipboard.writeText(query);
      void vscode.window.showInformationMessage(text.chatMissing());
    }
  }

  async send(uri?: vscode.Uri): Promise<void> {
    const document = await handoffOf(uri);
    const asked = document === undefined ? undefined : readHandoffParts(document.uri);
    if (asked !== undefined) await sendToAgent(this.daemon, asked.session, asked.budget);
  }

  async save(uri?: vscode.Uri): Promise<void> {
    const document = await handoffOf(uri);
    if (document === undefined) return;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const name = "handoff.md";
    const target = await vscode.window.showSaveDialog({
      ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
      filters: { Markdown: ["md"] },
    });
    if (target === undefined) return;
    await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(document.getText()));
    vscode.window.setStatusBarMessage(text.saved(basename(target.path)), SUCCESS_MS);
  }

  async edit(uri?: vscode.Uri): Promise<void> {
    const document = await handoffOf(uri);
    if (document === undefined) return;
    const copy = await vscode.workspace.openTextDocument({ language: "markdown", content: document.getText() });
    await vscode.window.showTextDocument(copy, { preview: false });
  }

  async changeBudget(uri?: vscode.Uri): Promise<void> {
    const document = await handoffOf(uri);
    const asked = document === undefined ? undefined : readHandoffParts(document.uri);
    if (asked === undefined) return;
    const items = Object.entries(text.budgetDetail).map(([label, detail]) => ({
      label,
      description: detail(),
      picked: label === asked.budget,
    }));
    const chosen = await vscode.window.showQuickPick(items, { title: text.handoffBudget(asked.budget) });
    if (chosen === undefined || chosen.label === asked.budget) return;
    await this.show(asked.session, chosen.label);
    // It takes the other one's place.
    const replaced = document?.uri.toString();
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(
      tabs.filter(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === replaced),
      true,
    );
  }
}

/** The handoff that is named, or the one in the active editor. */
async function handoffOf(uri: vscode.Uri | undefined): Promise<vscode.TextDocument | undefined> {
  const wanted = uri ?? vscode.window.activeTextEditor?.document.uri;
  if (wanted === undefined || wanted.scheme !== SCHEME || readHandoffParts(wanted) === undefined) return undefined;
  return vscode.workspace.openTextDocument(wanted);
}
