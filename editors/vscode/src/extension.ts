// What the extension is made of. Activation starts nothing: it connects to a daemon that runs; the first view or command
// starts one.

import { began } from "./began";
import * as vscode from "vscode";
import { errorText, isCancelled } from "./daemon/errors";
import { Daemon, Unavailable } from "./daemon/daemon";
import { readDaemonAddress, readHandoffParts, readSessionParts, SCHEME } from "./documents/address";
import { Comparisons } from "./documents/comparisons";
import { Edits } from "./documents/edits";
import { Handoffs } from "./documents/handoffs";
import type { DocumentEvent } from "./daemon/protocol";
import { hasFailed, isPrompt, neighbour } from "./documents/outline";
import { Provider } from "./documents/provider";
import { SessionDocuments } from "./documents/sessions";
import { Files } from "./files";
import { resume } from "./resume";
import { Search } from "./search/pick";
import * as service from "./service";
import { exportSession } from "./sessions/export";
import { pickSession } from "./sessions/pick";
import { type Node, SessionTree } from "./sessions/tree";
import * as settings from "./settings";
import { Status } from "./status";
import * as text from "./text";

/** The editor's own figure of the activation counts extensions that load beside this one too. */
const loaded = performance.now();
const INSTALL = "https://github.com/opensession/opensession#install-and-search";

export function activate(context: vscode.ExtensionContext): void {
  const called = performance.now();
  const log = vscode.window.createOutputChannel("OpenSession", { log: true });
  const daemon = new Daemon(log);
  const documents = new SessionDocuments(daemon);
  const handoffs = new Handoffs(daemon, context.globalStorageUri);
  const comparisons = new Comparisons(daemon);
  const edits = new Edits(daemon);
  const kinds = { session: documents, handoff: handoffs, diff: comparisons, edit: edits };
  const provider = new Provider(kinds, documents.onDidChange);
  const files = new Files(daemon);
  const tree = new SessionTree(daemon, log);
  const search = new Search(daemon, documents, (session) => handoffs.show(session));
  context.subscriptions.push(
    log,
    daemon,
    search,
    new Status(daemon, log),
    documents.register(),
    handoffs.register(),
    comparisons.register(),
    files.register(),
    tree.register(),
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, provider),
    vscode.window.onDidChangeActiveTextEditor(tellWhatIsOpen),
    // A binary that was installed meanwhile is found without a reload, as is a daemon that somebody else started.
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused && daemon.state !== "ready") void daemon.look();
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("opensession.path")) daemon.reset();
    }),
  );

  const command = (name: string, run: (...parameters: never[]) => unknown): void => {
    const guarded = async (...parameters: never[]): Promise<void> => {
      try {
        await run(...parameters);
      } catch (error) {
        await tell(error, log);
      }
    };
    context.subscriptions.push(vscode.commands.registerCommand(`opensession.${name}`, guarded));
  };

  command("search", (query?: unknown) => search.show(typeof query === "string" ? query : ""));
  command("browse", async () => {
    if (daemon.state !== "ready") tree.refresh();
    await vscode.commands.executeCommand("opensession.sessions.focus");
  });
  command("handoff", async (target?: unknown) => {
    const session = await sessionOf(target, daemon, text.handoffSummary());
    if (session !== undefined) await handoffs.show(session);
  });
  command("resume", async (target?: unknown) => {
    const session = await sessionOf(target, daemon, text.resume());
    if (session !== undefined) await resume(daemon, session);
  });
  command("export", async (target?: unknown) => {
    const session = await sessionOf(target, daemon, text.exportTitle());
    if (session !== undefined) await exportSession(daemon, session);
  });
  command("diff", async (target?: unknown, chosen?: unknown) => {
    const rows = Array.isArray(chosen) ? chosen.map(sessionOfRow).filter((id) => id !== undefined) : [];
    const a = rows[0] ?? sessionOfRow(target) ?? (await pickSession(daemon, text.diffFirst()))?.id;
    if (a === undefined) return;
    const b = rows[1] ?? (await pickSession(daemon, text.diffSecond(await documents.title(a)), a))?.id;
    if (b !== undefined) await comparisons.show(a, b);
  });
  command("who", (uri?: vscode.Uri) => files.who(uri));
  command("status", () => service.showStatus(daemon));
  command("restart", () => service.restart(daemon));
  command("log", () => service.showLog(daemon, log));
  command("locate", () => service.locate(daemon));
  command("menu", () => service.showMenu());
  command("open", async (address: unknown) => {
    const target = typeof address === "string" ? readDaemonAddress(address) : undefined;
    if (target !== undefined) await documents.show(target, undefined);
  });
  command("openEvent", async (address: unknown) => {
    const target = typeof address === "string" ? readDaemonAddress(address) : undefined;
    if (target?.event !== undefined) await documents.showEvent(target.session, target.event);
  });
  command("openDiff", async (address: unknown) => {
    const target = typeof address === "string" ? readDaemonAddress(address) : undefined;
    if (target !== undefined) await edits.openDiff(target);
  });
  command("openFile", async (session: unknown, path: unknown) => {
    if (typeof session === "string" && typeof path === "string") await edits.openFile(session, path);
  });
  command("openRest", async (address: unknown) => {
    const target = typeof address === "string" ? readDaemonAddress(address) : undefined;
    if (target?.event !== undefined) await documents.openRest(target.session, target.event);
  });
  command("refresh", () => tree.refresh());
  command("toggleScope", () => settings.setScope(settings.scope() === "all" ? "workspace" : "all"));
  command("toggleSubagents", () => settings.setSubagents(!settings.subagents()));
  command("groupBy", async () => {
    const items = Object.entries(text.groupNames).map(([by, label]) => ({ label: label(), by: by as settings.GroupBy }));
    const chosen = await vscode.window.showQuickPick(items, { title: text.groupByTitle() });
    if (chosen !== undefined) await settings.setGroupBy(chosen.by);
  });
  command("copyId", async (node: Node) => {
    if (node.kind === "session" || node.kind === "child") await vscode.env.clipboard.writeText(node.session.short_id);
  });
  command("nextPrompt", () => go(documents, 1, isPrompt, text.noNextPrompt()));
  command("previousPrompt", () => go(documents, -1, isPrompt, text.noNextPrompt()));
  command("nextError", () => go(documents, 1, hasFailed, text.noNextError()));
  command("handoff.copy", (uri?: vscode.Uri) => handoffs.copy(uri));
  command("handoff.chat", (uri?: vscode.Uri) => handoffs.insertIntoChat(uri));
  command("handoff.send", (uri?: vscode.Uri) => handoffs.send(uri));
  command("handoff.save", (uri?: vscode.Uri) => handoffs.save(uri));
  command("handoff.edit", (uri?: vscode.Uri) => handoffs.edit(uri));
  command("handoff.budget", (uri?: vscode.Uri) => handoffs.changeBudget(uri));

  tellWhatIsOpen(vscode.window.activeTextEditor);
  void daemon.look();
  if (settings.trace()) log.info(`loaded in ${(loaded - began).toFixed(1)} ms, activated in ${(performance.now() - called).toFixed(1)} ms`);
}

/** The session that a row, a document or the user names. */
async function sessionOf(target: unknown, daemon: Daemon, title: string): Promise<string | undefined> {
  if (typeof target === "string") return target;
  if (target instanceof vscode.Uri) {
    const named = readSessionParts(target)?.session ?? readHandoffParts(target)?.session;
    if (named !== undefined) return named;
  }
  const row = sessionOfRow(target);
  if (row !== undefined) return row;
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active?.scheme === SCHEME && target === undefined) {
    const open = readSessionParts(active)?.session;
    if (open !== undefined) return open;
  }
  return (await pickSession(daemon, title))?.id;
}

/** The session of a row in the tree. */
function sessionOfRow(row: unknown): string | undefined {
  const node = row as Partial<Node> | undefined;
  return node?.kind === "session" || node?.kind === "child" ? node.session?.id : undefined;
}

function go(documents: SessionDocuments, direction: 1 | -1, wanted: (event: DocumentEvent) => boolean, none: string): void {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "opensession") return;
  const line = neighbour(documents.outline(editor.document), editor.selection.active.line, direction, wanted);
  if (line === undefined) {
    vscode.window.setStatusBarMessage(none, 3_000);
    return;
  }
  const place = new vscode.Range(line, 0, line, 0);
  editor.selection = new vscode.Selection(place.start, place.start);
  editor.revealRange(place, vscode.TextEditorRevealType.AtTop);
}

function tellWhatIsOpen(editor: vscode.TextEditor | undefined): void {
  const uri = editor?.document.uri;
  const ours = uri?.scheme === SCHEME;
  const set = (name: string, value: boolean): void => {
    void vscode.commands.executeCommand("setContext", `opensession.${name}`, value);
  };
  set("sessionOpen", ours && readSessionParts(uri) !== undefined);
  set("handoffOpen", ours && readHandoffParts(uri) !== undefined);
}

/** Says what went wrong with what the user just ran, and what to do. */
async function tell(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (isCancelled(error)) return;
  const message = errorText(error);
  log.error(message);
  const missing = error instanceof Unavailable && error.state === "missing";
  const down = error instanceof Unavailable && error.state === "down";
  const actions = missing ? [text.install(), text.locate()] : [...(down ? [text.start()] : []), text.showLog()];
  const chosen = await vscode.window.showErrorMessage(text.failed(message), ...actions);
  if (chosen === text.install()) await vscode.env.openExternal(vscode.Uri.parse(INSTALL));
  if (chosen === text.locate()) await vscode.commands.executeCommand("opensession.locate");
  if (chosen === text.start()) await vscode.commands.executeCommand("opensession.restart");
  if (chosen === text.showLog()) await vscode.commands.executeCommand("opensession.log");
}
