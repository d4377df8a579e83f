// The view *Sessions*: by day, agent or branch; inside a session its prompts and the sessions that came from it.

import * as vscode from "vscode";
import { errorText } from "../daemon/errors";
import type { Daemon } from "../daemon/daemon";
import type { SessionBrief, SessionInfo, SessionUpdate } from "../daemon/protocol";
import { daemonAddress } from "../documents/address";
import * as settings from "../settings";
import * as text from "../text";
import { type Group, group } from "./groups";
import { all, asking, months, recent } from "./months";

const PROMPTS_MOST = 500;
const LIVE_REST_MS = 1_000;

export type Node =
  | { kind: "group"; group: Group }
  | { kind: "session"; session: SessionInfo }
  | { kind: "child"; session: SessionBrief }
  | { kind: "prompt"; session: string; event: number; words: string };

export class SessionTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private groups: Group[] | undefined;
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
        // Over an empty view it would hide the welcome text, whose links start the daemon and show its log.
        const isEmpty = this.groups === undefined || this.groups.length === 0;
        view.message = state === "down" && !isEmpty ? down : "";
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
    this.groups = undefined;
    this.loading = undefined;
    this.changed.fire(undefined);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    try {
      if (node === undefined) return await this.roots();
      if (node.kind === "group") return (await this.listed(node.group)).map((session) => ({ kind: "session", session }));
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
        const isRecent = ["day:today", "day:yesterday", "day:week"].includes(node.group.id);
        // What is newest is in sight.
        const isFirst = settings.groupBy() === "day" && this.groups?.[0]?.id === node.group.id;
        const isOnly = this.groups?.length === 1;
        const item = new vscode.TreeItem(node.group.label, isRecent || isFirst || isOnly ? Expanded : Collapsed);
        item.id = node.group.id;
        item.description = text.number(node.group.count);
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

  private async roots(): Promise<Node[]> {
    // The first view starts the daemon, once; where it cannot be started, the welcome text says what to do.
    if (this.groups === undefined) {
      if (this.daemon.state !== "ready" && this.triedToStart) return [];
      this.triedToStart = true;
      this.loading ??= this.load(true);
      await this.loading;
    }
    return (this.groups ?? []).map((found) => ({ kind: "group", group: found }));
  }

  private async load(start: boolean): Promise<void> {
    const asked = this.wanted;
    const filter = { scope: settings.scopeOf(settings.scope()), subagents: settings.subagents() };
    const [ask, by, now] = [asking(this.daemon, start), settings.groupBy(), new Date()];
    const listed = by === "day" ? await recent(ask, filter, now) : await all(ask, filter);
    const groups: Group[] = group(listed, by, now, (id) => this.daemon.agentName(id));
    if (by === "day") groups.push(...(await months(ask, filter, now)));
    // Another question has been asked meanwhile.
    if (asked !== this.wanted) return;
    // Months that were opened and hold as many as before stay as they are.
    const opened = new Map((this.groups ?? []).map((known) => [known.id, known]));
    for (const found of groups) {
      const known = opened.get(found.id);
      if (found.sessions === undefined && known?.count === found.count) found.sessions = known.sessions;
    }
    this.groups = groups;
    if (this.view !== undefined) this.view.description = settings.scope() === "all" ? text.scopeAll() : "";
    await vscode.commands.executeCommand("setContext", "opensession.empty", groups.length === 0);
  }

  /** The sessions of a group; a month's are asked for when it is opened. */
  private async listed(of: Group): Promise<readonly SessionInfo[]> {
    of.sessions ??= await all(asking(this.daemon, true), of.range ?? {});
    return of.sessions;
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

  /** Live sessions change in place, new ones join. */
  private follow(update: SessionUpdate): void {
    if (this.groups === undefined || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (update.type === "forgotten") this.reload();
      else void this.refreshQuietly();
    }, LIVE_REST_MS);
  }

  private async refreshQuietly(): Promise<void> {
    try {
      await this.load(false);
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
