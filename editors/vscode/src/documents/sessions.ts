// Sessions as read-only documents: their text, folds, links and outline.

import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import * as text from "../text";
import { readDaemonAddress, readSessionParts, SCHEME, type SessionAddress, sessionParts } from "./address";
import { eventLines, folds, isEdit, isPrompt, lineOf, links } from "./outline";

const SELECTOR: vscode.DocumentSelector = { scheme: SCHEME, language: "opensession" };
/** Live sessions are read again at most so often. */
const LIVE_REST_MS = 1_000;
const TITLES_KEPT = 1_000;

export interface Shown {
  preserveFocus?: boolean;
  preview?: boolean;
  column?: vscode.ViewColumn;
}

export class SessionDocuments
  implements
    vscode.TextDocumentContentProvider,
    vscode.FoldingRangeProvider,
    vscode.DocumentLinkProvider,
    vscode.DocumentSymbolProvider
{
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  /** Where a long session's text goes on, by document. */
  private readonly next = new Map<string, number>();
  private readonly titles = new Map<string, string>();
  private readonly waiting = new Map<string, NodeJS.Timeout>();

  constructor(private readonly daemon: Daemon) {}

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.languages.registerFoldingRangeProvider(SELECTOR, this),
      vscode.languages.registerDocumentLinkProvider(SELECTOR, this),
      vscode.languages.registerDocumentSymbolProvider(SELECTOR, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.next.delete(uri.toString())),
      this.daemon.onDidUpdateSession((update) => {
        if ("session" in update) this.refresh((session) => session === update.session);
        else this.refresh(() => true);
      }),
      { dispose: () => this.waiting.forEach((timer) => clearTimeout(timer)) },
      this.changed,
    );
  }

  async provideTextDocumentContent(uri: vscode.Uri, token?: vscode.CancellationToken): Promise<string> {
    const address = readSessionParts(uri);
    if (address === undefined) throw new Error(uri.toString());
    const session = address.event === undefined ? address.session : `${address.session}#${address.event}`;
    const document = await this.daemon.request(
      "session/document",
      address.from === undefined ? { session } : { session, from: address.from },
      token,
    );
    this.learn(document.session, document.title);
    if (document.next === null) this.next.delete(uri.toString());
    else this.next.set(uri.toString(), document.next);
    return document.text;
  }

  /** Opens a session, at an event when there is one. */
  async show(address: SessionAddress, title: string | undefined, shown: Shown = {}): Promise<vscode.TextEditor> {
    const { session, event } = address;
    const name = title ?? (await this.title(session));
    let document = await vscode.workspace.openTextDocument(uriOf({ session }, name));
    const next = this.next.get(document.uri.toString());
    if (event !== undefined && next !== undefined && event >= next) {
      document = await vscode.workspace.openTextDocument(uriOf({ session, from: event }, name));
    }
    const line = event === undefined ? undefined : lineOf(eventLines(linesOf(document)), event);
    const place = new vscode.Range(line ?? 0, 0, line ?? 0, 0);
    const editor = await vscode.window.showTextDocument(document, {
      preserveFocus: shown.preserveFocus ?? false,
      preview: shown.preview ?? false,
      viewColumn: shown.column ?? vscode.ViewColumn.Active,
      ...(line === undefined ? {} : { selection: place }),
    });
    if (line !== undefined) editor.revealRange(place, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    if (shown.preserveFocus !== true && shown.preview !== true) await fold(line);
    return editor;
  }

  /** Opens one event in full. */
  async showEvent(session: string, event: number): Promise<void> {
    const document = await vscode.workspace.openTextDocument(uriOf({ session, event }, await this.title(session)));
    await vscode.window.showTextDocument(document, { preview: true });
  }

  learn(session: string, title: string): void {
    if (this.titles.size >= TITLES_KEPT) this.titles.clear();
    this.titles.set(session, title);
  }

  provideFoldingRanges(document: vscode.TextDocument): vscode.FoldingRange[] {
    const lines = linesOf(document);
    return folds(lines, eventLines(lines)).map(({ start, end }) => new vscode.FoldingRange(start, end));
  }

  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    const next = this.next.get(document.uri.toString());
    return links(linesOf(document)).flatMap(({ line, start, end, address }) => {
      const target = readDaemonAddress(address);
      if (target === undefined) return [];
      const goesOn = target.event !== undefined && target.event === next;
      const command = goesOn ? "opensession.openRest" : target.event === undefined ? "opensession.open" : "opensession.openEvent";
      const link = new vscode.DocumentLink(new vscode.Range(line, start, line, end), commandUri(command, address));
      link.tooltip = goesOn || target.event === undefined ? text.goesOn() : text.openEvent(target.event);
      return [link];
    });
  }

  provideDocumentSymbols(document: vscode.TextDocument): vscode.DocumentSymbol[] {
    const lines = linesOf(document);
    const events = eventLines(lines);
    const top: vscode.DocumentSymbol[] = [];
    events.forEach((event, index) => {
      const prompt = isPrompt(event);
      if (!prompt && !isEdit(event) && !event.failed) return;
      const next = prompt ? events.slice(index + 1).find(isPrompt) : events[index + 1];
      const end = Math.max(event.line, (next?.line ?? lines.length) - 1);
      const kind = prompt ? vscode.SymbolKind.String : event.failed ? vscode.SymbolKind.Event : vscode.SymbolKind.File;
      const name = event.rest.trim() === "" ? event.label : event.rest;
      const whole = new vscode.Range(event.line, 0, end, lines[end]?.length ?? 0);
      const head = new vscode.Range(event.line, 0, event.line, lines[event.line]?.length ?? 0);
      const symbol = new vscode.DocumentSymbol(name, `#${event.event}`, kind, whole, head);
      const parent = prompt ? undefined : top.at(-1);
      if (parent === undefined) top.push(symbol);
      else parent.children.push(symbol);
    });
    return top;
  }

  async openRest(session: string, from: number): Promise<void> {
    const document = await vscode.workspace.openTextDocument(uriOf({ session, from }, await this.title(session)));
    await vscode.window.showTextDocument(document, { preview: true });
  }

  private async title(session: string): Promise<string> {
    const known = this.titles.get(session);
    if (known !== undefined) return known;
    const { title } = (await this.daemon.request("session/get", { session })).session;
    this.learn(session, title);
    return title;
  }

  private refresh(concerns: (session: string) => boolean): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      const address = uri.scheme === SCHEME ? readSessionParts(uri) : undefined;
      const key = uri.toString();
      if (address === undefined || !concerns(address.session) || this.waiting.has(key)) continue;
      const timer = setTimeout(() => {
        this.waiting.delete(key);
        this.changed.fire(uri);
      }, LIVE_REST_MS);
      this.waiting.set(key, timer);
    }
  }
}

export function linesOf(document: vscode.TextDocument): string[] {
  return document.getText().split("\n");
}

export function commandUri(command: string, ...parameters: unknown[]): vscode.Uri {
  return vscode.Uri.parse(`command:${command}?${encodeURIComponent(JSON.stringify(parameters))}`);
}

function uriOf(address: SessionAddress, title: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, ...sessionParts(address, title) });
}

/** Folds the bodies of calls, but for the one that was asked for. */
async function fold(line: number | undefined): Promise<void> {
  await vscode.commands.executeCommand("editor.foldLevel2");
  if (line !== undefined) await vscode.commands.executeCommand("editor.unfold", { selectionLines: [line] });
}
