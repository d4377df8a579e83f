// The status bar's item: how many sessions there are here, or what is wrong.

import * as vscode from "vscode";
import { errorText } from "./daemon/errors";
import type { Daemon } from "./daemon/daemon";
import type { IndexStatus } from "./daemon/protocol";
import * as settings from "./settings";
import * as text from "./text";

const REST_MS = 2_000;

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("opensession", vscode.StatusBarAlignment.Left);
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private reading: number | undefined;

  constructor(
    private readonly daemon: Daemon,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.item.name = text.statusItemName();
    this.item.command = "opensession.menu";
    this.subscriptions = [
      daemon.onDidChangeState(() => this.soon(0)),
      daemon.onDidUpdateSession(() => this.soon(REST_MS)),
      daemon.onDidUpdateIndex((status) => this.progress(status)),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("opensession")) this.soon(0);
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.soon(0)),
    ];
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.item.dispose();
    this.subscriptions.forEach((subscription) => subscription.dispose());
  }

  private progress({ state, first_run, bytes_done, bytes_total }: IndexStatus): void {
    const reading = state === "reading" && first_run && bytes_total > 0;
    this.reading = reading ? Math.floor((100 * Math.min(bytes_done, bytes_total)) / bytes_total) : undefined;
    void vscode.commands.executeCommand("setContext", "opensession.reading", reading);
    this.soon(reading ? 200 : REST_MS);
  }

  /** Many changes are one look. */
  private soon(milliseconds: number): void {
    if (this.timer !== undefined && milliseconds > 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.draw().catch((error: unknown) => this.log.debug(errorText(error)));
    }, milliseconds);
  }

  private async draw(): Promise<void> {
    const { item, daemon } = this;
    if (!settings.statusBar() || daemon.state === "unknown") {
      item.hide();
      return;
    }
    item.backgroundColor = undefined;
    if (daemon.state === "missing") {
      item.text = "$(circle-slash) OpenSession";
      item.tooltip = text.binaryMissing();
    } else if (daemon.state === "down" && daemon.lastWords === "" && !daemon.isLost) {
      // Nothing is wrong: the first view or command starts it.
      item.text = "$(history) OpenSession";
      item.tooltip = text.daemonDown();
    } else if (daemon.state === "down") {
      item.text = "$(warning) OpenSession";
      item.tooltip = daemon.lastWords === "" ? text.daemonDown() : text.daemonFailed(daemon.lastWords);
      item.backgroundColor = new vscode.ThemeColor("statusBarItem.warningBackground");
    } else if (daemon.state === "starting") {
      item.text = "$(loading~spin) OpenSession";
      item.tooltip = text.starting();
    } else if (this.reading !== undefined) {
      item.text = `$(loading~spin) ${this.reading}%`;
      item.tooltip = text.statusReading(this.reading);
    } else {
      await this.drawReady();
    }
    item.show();
  }

  private async drawReady(): Promise<void> {
    const filter = { scope: settings.scopeOf(settings.scope()) };
    const [page, status] = await Promise.all([
      this.daemon.requestIfReady("session/list", { filter, limit: 50 }),
      this.daemon.requestIfReady("daemon/status", {}),
    ]);
    if (page === undefined || status === undefined) return;
    const live = page.sessions.filter(({ state }) => state === "live").length;
    this.item.text = `$(history) ${text.number(page.total)}${live > 0 ? ` · ${text.live(live)}` : ""}`;
    const last = page.sessions[0];
    const lines = [text.statusHere(page.total)];
    if (last !== undefined && last.updated !== null) lines.push(text.statusLast(last.title, text.ago(last.updated, new Date())));
    lines.push(text.statusPublish(status.publish_on), text.statusVersion(status.version));
    this.item.tooltip = lines.join("\n");
    this.item.accessibilityInformation = { label: `OpenSession, ${lines.join(", ")}` };
  }
}
