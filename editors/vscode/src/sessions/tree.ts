// The view *Sessions*: by day, agent or branch; inside a session its prompts and the sessions that came from it.

import * as vscode from "vscode";
import { errorText } from "../daemon/client";
import type { Daemon } from "../daemon/daemon";
import type { SessionBrief, SessionInfo, SessionUpdate } from "../daemon/protocol";
import { daemonAddress } from "../documents/address";
import * as settings from "../settings";
import * as text from "../text";
import { type Group, group } from "./groups";

const PAGE = 200;
const PROMPTS_MOST = 500;
const LIVE_REST_MS = 1_000;

export type Node =
  | { kind: "group"; group: Group }
  | { kind: "session"; session: SessionInfo }
  | { kind: "child"; session: SessionBrief }
  | { kind: "prompt"; session: string; event: number; words: string }
  | { kind: "more" };

export class SessionTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private sessions: SessionInfo[] | undefined;
  private next: string | undefined;
  private loading: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private wanted = 0;
  private triedToStart = false;
  private view: vscode.TreeView<Node> | undefined;

  constructor(
    private readonly daemon: Daemon,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  register(): vscode.Disposable {
    const view = vscode.window.createTreeView("opensession.sessions", { treeDataProvider: this, canSelectMany: true });
    this.view = view;
    return vscode.Disposable.from(
      view,
      this.changed,
      this.daemon.onDidUpdateSession((update) => this.follow(update)),
      // What is shown stays while the daemon is away.
      this.daemon.onDidChangeState((state) => {
        if (state === "ready") this.reload();
        const { lastWords, isLost } = this.daemon;
        const down = lastWords === "" ? (isLost ? text.daemonDown() : "") : text.daemonFailed(lastWords);
        view.message = state === "down" ? down : "";
      }),
      this.daemon.onDidUpdateIndex((status) => {
        const done = status.agents.reduce((sum, agent) => sum + agent.done, 0);
        const total = status.agents.reduce((sum, agent) => sum + agent.total, 0);
        view.message = status.state === "reading" && status.first_run ? text.readingSessions(done, total) : "";
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("opensession.tree") || event.affectsConfiguration("opensession.scope")) this.reload();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.reload()),
      { dispose: () => clearTimeout(this.timer) },
    );
  }

  /** Asks anew, and starts the daemon for it when it does not run. */
  refresh(): void {
    this.triedToStart = false;
    this.reload();
  }

  private reload(): void {
    this.wanted += 1;
    this.sessions = undefined;
    this.next = undefined;
    this.loading = undefined;
    this.changed.fire(undefined);
  }

  async more(): Promise<void> {
    if (this.next === undefined) return;
    await this.load(this.next);
    this.changed.fire(undefined);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    try {
      if (node === undefined) return await this.roots();
      if (node.kind === "group") return node.group.sessions.map((session) => ({ kind: "session", session }));
      if (node.kind === "session" || node.kind === "child") return await this.inside(node.session.id);
      return [];
    } catch (error) {
      this.log.warn(errorText(error));
      return [];
    }
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
    switch (node.kind) {
      case "group": {
        const recent = ["day:today", "day:yesterday", "day:week"].includes(node.group.id);
        const item = new vscode.TreeItem(node.group.label, recent || this.isOnlyGroup() ? Expanded : Collapsed);
        item.id = node.group.id;
        item.description = text.number(node.group.sessions.length);
        item.contextValue = "group";
        return item;
      }
      case "session":
      case "child":
        return this.sessionItem(node.session, node.kind === "child" ? node.session.id : undefined);
      case "prompt": {
        const item = new vscode.TreeItem(text.oneLine(node.words).slice(0, 200), None);
        item.description = `#${node.event}`;
        item.iconPath = new vscode.ThemeIcon("comment");
        item.tooltip = node.words;
        item.contextValue = "prompt";
        item.command = open(node.session, node.event);
        return item;
      }
      case "more": {
        const item = new vscode.TreeItem(text.olderSessions(), None);
        item.command = { title: "", command: "opensession.loadMore" };
        return item;
      }
    }
  }

  /** Objective and outcome are asked for when the tooltip is. */
  async resolveTreeItem(item: vscode.TreeItem, node: Node, token: vscode.CancellationToken): Promise<vscode.TreeItem> {
    if (node.kind !== "session" && node.kind !== "child") return item;
    const { session } = node;
    const summary = await this.daemon.requestIfReady("session/summary", { session: session.id }, token).catch((error: unknown) => {
      this.log.debug(errorText(error));
      return undefined;
    });
    const tooltip = new vscode.MarkdownString();
    tooltip.appendText(`${session.title}\n\n`);
    if (summary !== undefined) tooltip.appendText(`${summary.objective}\n\n${summary.outcome}\n\n`);
    const time = session.updated === null ? "" : text.absolute(session.updated);
    tooltip.appendText([session.short_id, time].filter((part) => part !== "").join(" · "));
    item.tooltip = tooltip;
    return item;
  }

  private sessionItem(session: SessionBrief & { state?: string }, id: string | undefined): vscode.TreeItem {
    const item = new vscode.TreeItem(session.title, vscode.TreeItemCollapsibleState.Collapsed);
    if (id === undefined) item.id = session.id;
    item.description = text.describe(session, this.daemon.agentName(session.agent), new Date());
    item.iconPath = icon(session.state ?? "finished");
    item.contextValue = "session";
    const state = text.stateWord(session.state ?? "");
    item.accessibilityInformation = { label: [session.title, item.description, state].filter(Boolean).join(", ") };
    item.command = open(session.id);
    return item;
  }

  private isOnlyGroup(): boolean {
    return new Set(this.groups().map(({ id }) => id)).size <= 1;
  }

  private groups(): Group[] {
    return group(this.sessions ?? [], settings.groupBy(), new Date(), (id) => this.daemon.agentName(id));
  }

  private async roots(): Promise<Node[]> {
    // The first view starts the daemon, once; where it cannot be started, the welcome text says what to do.
    if (this.sessions === undefined) {
      if (this.daemon.state !== "ready" && this.triedToStart) return [];
      this.triedToStart = true;
      this.loading ??= this.load(undefined);
      await this.loading;
    }
    const nodes: Node[] = this.groups().map((found) => ({ kind: "group", group: found }));
    return this.next === undefined ? nodes : [...nodes, { kind: "more" }];
  }

  private async load(cursor: string | undefined, quietly = false): Promise<void> {
    const asked = this.wanted;
    const filter = { scope: settings.scopeOf(settings.scope()), subagents: settings.subagents() };
    const params = { filter, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    // What nobody asked for by hand starts no daemon.
    const page = await (quietly ? this.daemon.requestIfReady("session/list", params) : this.daemon.request("session/list", params));
    // It is gone, or another question has been asked meanwhile.
    if (page === undefined || asked !== this.wanted) return;
    const known = this.sessions ?? [];
    if (quietly) {
      const fresh = new Set(page.sessions.map(({ id }) => id));
      this.sessions = [...page.sessions, ...known.filter(({ id }) => !fresh.has(id))];
    } else {
      this.sessions = cursor === undefined ? page.sessions : [...known, ...page.sessions];
      this.next = page.next ?? undefined;
    }
    if (this.view !== undefined) this.view.description = settings.scope() === "all" ? text.scopeAll() : "";
    await vscode.commands.executeCommand("setContext", "opensession.empty", this.sessions.length === 0);
  }

  private async inside(session: string): Promise<Node[]> {
    const [detail, page] = await Promise.all([
      this.daemon.request("session/get", { session }),
      this.daemon.request("session/events", { session, kinds: ["prompt"], limit: PROMPTS_MOST }),
    ]);
    const prompts = page.events.map(
      ({ event, hail }): Node => ({ kind: "prompt", session, event, words: words(hail.content) }),
    );
    return [...prompts, ...detail.children.map((child): Node => ({ kind: "child", session: child }))];
  }

  /** Live sessions change in place, new ones join; rows that were loaded by hand stay. */
  private follow(update: SessionUpdate): void {
    if (this.sessions === undefined || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (update.type === "forgotten") this.reload();
      else void this.refreshQuietly();
    }, LIVE_REST_MS);
  }

  private async refreshQuietly(): Promise<void> {
    try {
      await this.load(undefined, true);
      this.changed.fire(undefined);
    } catch (error) {
      this.log.debug(errorText(error));
    }
  }
}

function open(session: string, event?: number): vscode.Command {
  return { title: "", command: "opensession.open", arguments: [daemonAddress(session, event)] };
}

function icon(state: string): vscode.ThemeIcon {
  switch (state) {
    case "live":
      return new vscode.ThemeIcon("circle-filled", new vscode.ThemeColor("terminal.ansiCyan"));
    case "waiting":
      return new vscode.ThemeIcon("circle-outline", new vscode.ThemeColor("terminal.ansiYellow"));
    case "interrupted":
      return new vscode.ThemeIcon("debug-pause");
    default:
      return new vscode.ThemeIcon("history");
  }
}

/** What a person typed: a text, or a list of parts of which some are text. */
function words(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join(" ");
}
