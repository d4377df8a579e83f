// Search as you type. The daemon's order rules, late answers are dropped, Esc brings back what was open.

import * as vscode from "vscode";
import { errorText, isCancelled } from "../daemon/errors";
import type { Daemon } from "../daemon/daemon";
import type { Hit, SearchAnswer, SessionInfo } from "../daemon/protocol";
import { daemonAddress } from "../documents/address";
import { linesOf, type SessionDocuments } from "../documents/sessions";
import { sessionItems } from "../sessions/pick";
import * as settings from "../settings";
import * as text from "../text";
import { chooseQuery } from "./saved";
import { around, isOnePlainTerm, marked, matchedWords, places, withoutIcons } from "./snippet";

const BUSY_REST_MS = 200;
const PREVIEW_REST_MS = 120;
/** The whole list comes when one rests: while one types, the editor draws every row anew for each letter. */
const LIST_REST_MS = 150;
const SESSIONS = 20;
/** As many as are in sight. */
const SESSIONS_TYPING = 4;
const HITS_PER_SESSION = 3;
const HEAD_ICON = new vscode.ThemeIcon("history");
/** An icon that draws nothing: after white space the list's own highlight would be a character off. */
const INDENT = "$(blank) ";
/** A list is so wide that a hit's number and kind are in sight beside so much of its text. */
const SNIPPET_CELLS = 52;
const SYNTAX = "https://github.com/opensession/opensession/blob/main/protocol/SEARCH.md";

interface Item extends vscode.QuickPickItem {
  session?: SessionInfo;
  hit?: Hit;
}

export class Search {
  private readonly marks: Marks = {
    event: vscode.window.createTextEditorDecorationType({
      isWholeLine: true,
      backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
    }),
    match: vscode.window.createTextEditorDecorationType({
      backgroundColor: new vscode.ThemeColor("editor.findMatchHighlightBackground"),
      overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.findMatchForeground"),
    }),
  };

  constructor(
    private readonly daemon: Daemon,
    private readonly documents: SessionDocuments,
    private readonly handoff: (session: string) => Promise<void>,
  ) {}

  dispose(): void {
    this.marks.event.dispose();
    this.marks.match.dispose();
  }

  show(query = ""): void {
    new Searching(this.daemon, this.documents, this.handoff, this.marks, (next) => this.show(next)).open(query);
  }
}

/** How the event that was found, and the matches in it, look. */
interface Marks extends Record<string, vscode.TextEditorDecorationType> {
  event: vscode.TextEditorDecorationType;
  match: vscode.TextEditorDecorationType;
}

/** One opening of the list. */
class Searching {
  private readonly pick = vscode.window.createQuickPick<Item>();
  private where = settings.scope();
  private asked = 0;
  private cancel: vscode.CancellationTokenSource | undefined;
  private waiting: NodeJS.Timeout | undefined;
  private resting: NodeJS.Timeout | undefined;
  private completing: NodeJS.Timeout | undefined;
  private chosen = "";
  private accepted = false;
  private hidden = false;
  private previewed: vscode.TextEditor | undefined;
  private previewing: Promise<void> = Promise.resolve();
  private readonly previews = new Set<string>();
  private readonly tabsBefore = new Set(tabs().map(addressOf));
  private readonly before = vscode.window.activeTextEditor;
  private readonly beforeSelection = this.before?.selection;
  private readonly scopeButton = { iconPath: new vscode.ThemeIcon("globe"), tooltip: text.scopeAll() };
  private readonly savedButton = { iconPath: new vscode.ThemeIcon("bookmark"), tooltip: text.savedQueries() };
  private readonly syntaxButton = { iconPath: new vscode.ThemeIcon("question"), tooltip: text.syntax() };
  private readonly sideButton = { iconPath: new vscode.ThemeIcon("split-horizontal"), tooltip: text.openToTheSide() };
  private readonly handoffButton = { iconPath: new vscode.ThemeIcon("export"), tooltip: text.handoffSummary() };
  private readonly linkButton = { iconPath: new vscode.ThemeIcon("link"), tooltip: text.copyLink() };

  constructor(
    private readonly daemon: Daemon,
    private readonly documents: SessionDocuments,
    private readonly handoff: (session: string) => Promise<void>,
    private readonly marks: Marks,
    private readonly again: (query: string) => void,
  ) {}

  open(query: string): void {
    const { pick } = this;
    // Not in the stable interface: where it is absent, setting it does nothing.
    (pick as { sortByLabel?: boolean }).sortByLabel = false;
    pick.placeholder = text.searchPlaceholder();
    pick.matchOnDescription = false;
    pick.matchOnDetail = false;
    pick.ignoreFocusOut = false;
    pick.buttons = [this.scopeButton, this.savedButton, this.syntaxButton];
    pick.value = query;
    this.head();
    pick.onDidChangeValue(() => void this.ask());
    pick.onDidChangeActive(([item]) => this.rest(item));
    pick.onDidAccept(() => void this.accept(pick.activeItems[0]));
    pick.onDidTriggerButton((button) => void this.press(button));
    pick.onDidTriggerItemButton(({ button, item }) => void this.pressItem(button, item));
    pick.onDidHide(() => void this.close());
    // What an earlier search marked is of no use any more.
    for (const editor of vscode.window.visibleTextEditors) for (const mark of Object.values(this.marks)) editor.setDecorations(mark, []);
    pick.show();
    void this.ask();
  }

  private head(): void {
    this.pick.title = text.searchTitle(this.where === "all" ? text.scopeAll() : text.scopeWorkspace());
  }

  private async ask(): Promise<void> {
    this.asked += 1;
    const asked = this.asked;
    this.cancel?.cancel();
    this.cancel?.dispose();
    const cancel = new vscode.CancellationTokenSource();
    this.cancel = cancel;
    // What is answered at once needs no bar.
    clearTimeout(this.waiting);
    clearTimeout(this.completing);
    this.waiting = setTimeout(() => {
      this.pick.busy = true;
    }, BUSY_REST_MS);
    const query = this.pick.value;
    const isCurrent = (): boolean => asked === this.asked && !this.hidden;
    let items: Item[];
    try {
      items = await (query.trim() === "" ? this.newest(cancel.token) : this.find(query, SESSIONS_TYPING, cancel.token));
    } catch (error) {
      if (isCancelled(error)) return;
      items = [said(text.failed(errorText(error)))];
    }
    if (!isCurrent()) return;
    clearTimeout(this.waiting);
    if (this.pick.busy) this.pick.busy = false;
    this.show(items, items.find((item) => item.hit !== undefined), false);
    if (query.trim() === "") return;
    this.completing = setTimeout(() => void this.complete(query, isCurrent, cancel.token), LIST_REST_MS);
  }

  /** The whole list, with its buttons, in the place of what was in sight. */
  private async complete(query: string, isCurrent: () => boolean, token: vscode.CancellationToken): Promise<void> {
    let items: Item[];
    try {
      items = await this.find(query, SESSIONS, token);
    } catch {
      // What is in sight stays; the next letter says what is wrong.
      return;
    }
    if (!isCurrent()) return;
    const active = this.pick.activeItems[0];
    this.show(
      items,
      items.find(({ session, hit }) => session?.id === active?.session?.id && hit?.event === active?.hit?.event && hit?.session === active?.hit?.session),
      true,
    );
  }

  private show(items: Item[], active: Item | undefined, inPlace: boolean): void {
    this.pick.keepScrollPosition = inPlace;
    this.pick.items = items;
    if (active !== undefined) this.pick.activeItems = [active];
  }

  private async newest(token: vscode.CancellationToken): Promise<Item[]> {
    const filter = { scope: settings.scopeOf(this.where) };
    const page = await this.daemon.request("session/list", { filter, limit: SESSIONS }, token);
    if (page.sessions.length === 0) return [said(text.noSession(), text.noSessionDetail(page.sessions_kept))];
    return sessionItems(this.daemon, page.sessions).map((item) => ({ ...item, alwaysShow: true }));
  }

  private async find(query: string, limit: number, token: vscode.CancellationToken): Promise<Item[]> {
    const options = { scope: settings.scopeOf(this.where), limit, hits_per_session: HITS_PER_SESSION, typing: true };
    const answer = await this.daemon.request("search/query", { query, options }, token);
    return this.items(query, answer, limit === SESSIONS);
  }

  private items(query: string, answer: SearchAnswer, withButtons: boolean): Item[] {
    const wrong = answer.errors.map((error) => said(text.queryWrong(error.message), error.hint ?? undefined));
    if (answer.sessions.length === 0) return [...wrong, said(text.noHit(), text.whyEmpty(answer))];
    const plain = isOnePlainTerm(query);
    const now = new Date();
    return [
      ...wrong,
      ...answer.sessions.flatMap(({ session, hits, total }): Item[] => {
        this.documents.learn(session.id, session.title);
        const about = text.describe(session, this.daemon.agentName(session.agent), now);
        const rest = total > hits.length ? ` · ${text.moreHits(total - hits.length)}` : "";
        const buttons = withButtons ? [this.sideButton, this.handoffButton, this.linkButton] : [];
        return [
          { label: "", kind: vscode.QuickPickItemKind.Separator },
          // A separator's own words would be drawn into the first hit's line.
          { label: withoutIcons(session.title), description: about + rest, iconPath: HEAD_ICON, alwaysShow: true, buttons, session },
          ...hits.map((hit) => {
            const cut = around(hit.text, hit.ranges, SNIPPET_CELLS);
            return {
              label: INDENT + withoutIcons(plain ? cut.text : marked(cut.text, cut.ranges)),
              description: text.hit(hit.event, hit.kind, hit.tool ?? undefined),
              alwaysShow: true,
              buttons,
              session,
              hit,
            };
          }),
        ];
      }),
    ];
  }

  /** Shows the chosen hit after a rest, without taking the focus. */
  private rest(item: Item | undefined): void {
    const chosen = item?.session === undefined || item.hit === undefined ? "" : `${holder(item.session, item.hit)}#${item.hit.event} ${item.hit.text}`;
    // The whole list has come, and the same hit is chosen in it.
    if (chosen !== "" && chosen === this.chosen) return;
    this.chosen = chosen;
    clearTimeout(this.resting);
    if (item?.session === undefined || item.hit === undefined || !settings.searchPreview()) return;
    const { session, hit } = item;
    this.resting = setTimeout(() => {
      const shown = { preserveFocus: true, preview: true };
      const address = { session: holder(session, hit), event: hit.event };
      this.previewing = this.documents.show(address, hit.session == null ? session.title : undefined, shown).then(
        (editor) => {
          this.previewed = editor;
          this.previews.add(editor.document.uri.toString());
          if (!this.hidden) this.mark(editor, hit);
        },
        // A preview that fails shows nothing; opening it says why.
        () => undefined,
      );
    }, PREVIEW_REST_MS);
  }

  private async accept(item: Item | undefined, column?: vscode.ViewColumn): Promise<void> {
    if (item?.session === undefined) return;
    this.accepted = true;
    this.remember();
    this.pick.hide();
    const { session, hit } = item;
    const address = hit === undefined ? { session: session.id } : { session: holder(session, hit), event: hit.event };
    const title = hit?.session == null ? session.title : undefined;
    try {
      const editor = await this.documents.show(address, title, column === undefined ? {} : { column });
      if (hit !== undefined) this.mark(editor, hit);
    } catch (error) {
      void vscode.window.showErrorMessage(text.failed(errorText(error)));
    }
  }

  /** The query that led somewhere is offered again. */
  private remember(): void {
    const query = this.pick.value;
    if (query.trim() === "") return;
    const options = { scope: settings.scopeOf(this.where), limit: 1, no_snippets: true, remember: true };
    // Not being able to is no reason to disturb: what was found opens.
    this.daemon.requestIfReady("search/query", { query, options }).catch(() => undefined);
  }

  /** Marks what was found, and brings the first match into sight. */
  private mark(editor: vscode.TextEditor, hit: Hit): void {
    const { document } = editor;
    const event = this.documents.outline(document).find((known) => known.event === hit.event);
    const lines = linesOf(document);
    const found = event === undefined ? [] : places(lines, event.line, event.last, matchedWords(hit.text, hit.ranges));
    const ranges = found.map(({ line, start, end }) => new vscode.Range(line, start, line, end));
    editor.setDecorations(this.marks.event, event === undefined ? [] : [new vscode.Range(event.line, 0, event.line, 0)]);
    editor.setDecorations(this.marks.match, ranges);
    if (ranges[0] !== undefined) editor.revealRange(ranges[0], vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private async press(button: vscode.QuickInputButton): Promise<void> {
    if (button === this.syntaxButton) {
      void vscode.env.openExternal(vscode.Uri.parse(SYNTAX));
    } else if (button === this.scopeButton) {
      this.where = this.where === "all" ? "workspace" : "all";
      this.head();
      void this.ask();
    } else if (button === this.savedButton) {
      // Only one list is open at a time: this one closes, and another opening of it goes on.
      const { value } = this.pick;
      try {
        this.again((await chooseQuery(this.daemon, value)) ?? value);
      } catch (error) {
        void vscode.window.showErrorMessage(text.failed(errorText(error)));
      }
    }
  }

  private async pressItem(button: vscode.QuickInputButton, item: Item): Promise<void> {
    if (item.session === undefined) return;
    if (button === this.sideButton) await this.accept(item, vscode.ViewColumn.Beside);
    if (button === this.linkButton) {
      const link = item.hit === undefined ? daemonAddress(item.session.id) : daemonAddress(holder(item.session, item.hit), item.hit.event);
      await vscode.env.clipboard.writeText(link);
      vscode.window.setStatusBarMessage(text.copied(), 3_000);
    }
    if (button === this.handoffButton) {
      this.accepted = true;
      this.pick.hide();
      await this.handoff(item.session.id);
    }
  }

  private async close(): Promise<void> {
    this.hidden = true;
    clearTimeout(this.waiting);
    clearTimeout(this.resting);
    clearTimeout(this.completing);
    this.cancel?.cancel();
    this.cancel?.dispose();
    this.pick.dispose();
    // A preview that is on its way still comes.
    await this.previewing;
    if (!this.accepted && this.previewed !== undefined) await this.bringBack();
  }

  /** Closes the preview; what was open before it comes to the front by that. */
  private async bringBack(): Promise<void> {
    const previews = tabs().filter((tab) => tab.isPreview && !this.tabsBefore.has(addressOf(tab)) && this.previews.has(addressOf(tab)));
    if (previews.length > 0) await vscode.window.tabGroups.close(previews, true);
    const before = this.before?.document;
    // The preview may have taken the place of another one.
    if (before === undefined || before.isClosed || tabs().some((tab) => addressOf(tab) === before.uri.toString())) return;
    await vscode.window.showTextDocument(before, {
      preserveFocus: true,
      ...(this.before?.viewColumn === undefined ? {} : { viewColumn: this.before.viewColumn }),
      ...(this.beforeSelection === undefined ? {} : { selection: this.beforeSelection }),
    });
  }
}

const tabs = (): vscode.Tab[] => vscode.window.tabGroups.all.flatMap((group) => group.tabs);

function addressOf({ input }: vscode.Tab): string {
  return input instanceof vscode.TabInputText ? input.uri.toString() : "";
}

/** The session that holds a hit: a subagent's, or the one it is listed under. */
function holder(session: SessionInfo, hit: Hit): string {
  return hit.session ?? session.id;
}

/** A line that says something and opens nothing. */
function said(label: string, detail?: string): Item {
  return { label, alwaysShow: true, ...(detail === undefined || detail === "" ? {} : { detail }) };
}
