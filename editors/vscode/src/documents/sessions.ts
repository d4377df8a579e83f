// Sessions as read-only documents: their text, folds, links, outline, and lenses on edits.

import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import type { DocumentEvent } from "../daemon/protocol";
import * as settings from "../settings";
import * as text from "../text";
import { daemonAddress, readDaemonAddress, readSessionParts, SCHEME, type SessionAddress, sessionParts } from "./address";
import { folds, hasFailed, isEdit, isPrompt, isThinking, lineOf, turnEnd } from "./outline";
import { EditTokens, LEGEND } from "./tokens";

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
    vscode.DocumentSymbolProvider,
    vscode.CodeLensProvider
{
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  /** Where a long session's text goes on, by document. */
  private readonly next = new Map<string, number>();
  private readonly outlines = new Map<string, DocumentEvent[]>();
  private readonly titles = new Map<string, string>();
  private readonly waiting = new Map<string, NodeJS.Timeout>();
  /** Documents that are read again because their session went on, not because somebody opened them. */
  private readonly following = new Set<string>();

  constructor(private readonly daemon: Daemon) {}

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.languages.registerFoldingRangeProvider(SELECTOR, this),
      vscode.languages.registerDocumentLinkProvider(SELECTOR, this),
      vscode.languages.registerDocumentSymbolProvider(SELECTOR, this),
      vscode.languages.registerCodeLensProvider(SELECTOR, this),
      // An event's number is no colour: with a provider that knows none, the editor draws none either.
      vscode.languages.registerColorProvider({ scheme: SCHEME }, { provideDocumentColors: () => [], provideColorPresentations: () => [] }),
      vscode.languages.registerDocumentSemanticTokensProvider(SELECTOR, new EditTokens(this), LEGEND),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.next.delete(uri.toString());
        this.outlines.delete(uri.toString());
        this.following.delete(uri.toString());
      }),
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
    const params = address.from === undefined ? { session } : { session, from: address.from };
    const key = uri.toString();
    const document = this.following.delete(key)
      ? await this.daemon.requestIfReady("session/document", params, token).catch(() => undefined)
      : await this.daemon.request("session/document", params, token);
    // A session was followed and the daemon went away, as its state tells: what is shown stays.
    if (document === undefined) return vscode.workspace.textDocuments.find((open) => open.uri.toString() === key)?.getText() ?? "";
    this.learn(document.session, document.title);
    if (document.next === null) this.next.delete(key);
    else this.next.set(key, document.next);
    this.outlines.set(key, document.outline ?? []);
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
    const outline = this.outline(document);
    const line = event === undefined ? undefined : lineOf(outline, event);
    const place = new vscode.Range(line ?? 0, 0, line ?? 0, 0);
    const editor = await vscode.window.showTextDocument(document, {
      preserveFocus: shown.preserveFocus ?? false,
      preview: shown.preview ?? false,
      viewColumn: shown.column ?? vscode.ViewColumn.Active,
      ...(line === undefined ? {} : { selection: place }),
    });
    if (line !== undefined) editor.revealRange(place, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    if (shown.preserveFocus !== true && shown.preview !== true) await fold(line, outline);
    return editor;
  }

  /** The events of a document, in order. */
  outline(document: vscode.TextDocument): readonly DocumentEvent[] {
    return this.outlines.get(document.uri.toString()) ?? [];
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
    return folds(this.outline(document)).map(({ start, end }) => new vscode.FoldingRange(start, end));
  }

  async provideDocumentLinks(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.DocumentLink[]> {
    const next = this.next.get(document.uri.toString());
    const textDocument = { uri: document.uri.toString() };
    const links = await this.daemon.requestIfReady("textDocument/documentLink", { textDocument }, token);
    return (links ?? []).flatMap(({ range: { start, end }, target: address }) => {
      if (address === undefined) return [];
      const range = new vscode.Range(start.line, start.character, end.line, end.character);
      const target = readDaemonAddress(address);
      // A file, with its line after `#`.
      if (target === undefined) return [new vscode.DocumentLink(range, vscode.Uri.parse(address))];
      const goesOn = target.event !== undefined && target.event === next;
      const command = goesOn ? "opensession.openRest" : target.event === undefined ? "opensession.open" : "opensession.openEvent";
      const link = new vscode.DocumentLink(range, commandUri(command, address));
      link.tooltip = goesOn || target.event === undefined ? text.goesOn() : text.openEvent(target.event);
      return [link];
    });
  }

  provideDocumentSymbols(document: vscode.TextDocument): vscode.DocumentSymbol[] {
    const outline = this.outline(document);
    const top: vscode.DocumentSymbol[] = [];
    outline.forEach((event, index) => {
      const prompt = isPrompt(event);
      if ((!prompt && !isEdit(event) && !hasFailed(event)) || event.line >= document.lineCount) return;
      const end = Math.min(prompt ? turnEnd(outline, index) : event.last, document.lineCount - 1);
      const kind = prompt ? vscode.SymbolKind.String : isEdit(event) ? vscode.SymbolKind.File : vscode.SymbolKind.Event;
      const head = document.lineAt(event.line);
      const about = symbolName(document, outline, index);
      const whole = head.range.union(document.lineAt(end).range);
      const symbol = new vscode.DocumentSymbol(about === "" ? head.text.trim() : about, `#${event.event}`, kind, whole, head.range);
      const parent = prompt ? undefined : top.at(-1);
      if (parent === undefined) top.push(symbol);
      else parent.children.push(symbol);
    });
    return top;
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const session = readSessionParts(document.uri)?.session;
    if (session === undefined) return [];
    return this.outline(document).flatMap((event) => {
      if (!isEdit(event) || event.path === undefined) return [];
      const range = new vscode.Range(event.line, 0, event.line, 0);
      const diff = { title: text.openDiff(), command: "opensession.openDiff", arguments: [daemonAddress(session, event.event)] };
      const file = { title: text.openFile(), command: "opensession.openFile", arguments: [session, event.path] };
      return [new vscode.CodeLens(range, diff), new vscode.CodeLens(range, file)];
    });
  }

  async openRest(session: string, from: number): Promise<void> {
    const document = await vscode.workspace.openTextDocument(uriOf({ session, from }, await this.title(session)));
    await vscode.window.showTextDocument(document, { preview: true });
  }

  async title(session: string): Promise<string> {
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
        if (this.daemon.state !== "ready") return;
        this.following.add(key);
        this.changed.fire(uri);
      }, LIVE_REST_MS);
      this.waiting.set(key, timer);
    }
  }
}

/** What an event of the outline is called: an edit by its file's name, a failure with what was called. */
function symbolName(document: vscode.TextDocument, outline: readonly DocumentEvent[], index: number): string {
  // `#131 you 14:31  Run it…`: what stands after two spaces tells most.
  const aboutOf = (at: number): string => {
    const line = outline[at]?.line;
    return line === undefined ? "" : document.lineAt(line).text.trimStart().split("  ").slice(1).join("  ").trim();
  };
  const event = outline[index];
  const about = aboutOf(index);
  if (event?.path !== undefined && about.startsWith(event.path)) return `${event.path.split(/[/\\]/).at(-1)}${about.slice(event.path.length)}`;
  if (event === undefined || !hasFailed(event) || isEdit(event)) return about;
  return [about, aboutOf(index - 1)].filter((part) => part !== "").join(": ");
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

/** Folds what turns hold, but for what was asked for. */
async function fold(line: number | undefined, outline: readonly DocumentEvent[]): Promise<void> {
  await vscode.commands.executeCommand("editor.foldLevel2");
  const open = line === undefined ? [] : [line];
  if (settings.thinkingIsOpen()) open.push(...outline.filter(isThinking).map((event) => event.line));
  if (open.length > 0) await vscode.commands.executeCommand("editor.unfold", { selectionLines: open });
}
