// A session as a file. The daemon writes it and takes secrets out.

import { homedir } from "node:os";
import { basename } from "node:path";
import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import type { ExportFormat } from "../daemon/protocol";
import * as settings from "../settings";
import * as text from "../text";

const ENDINGS: Record<ExportFormat, string> = { html: "html", markdown: "md", hail: "hail.jsonl", json: "json" };
const SUCCESS_MS = 3_000;

export async function exportSession(daemon: Daemon, session: string): Promise<void> {
  const formats = Object.entries(text.exportFormats).map(([format, { label, detail }]) => ({
    label: label(),
    description: detail(),
    format: format as ExportFormat,
  }));
  const chosen = await vscode.window.showQuickPick(formats, { title: text.exportTitle() });
  if (chosen === undefined) return;
  const { short_id } = (await daemon.request("session/get", { session })).session;
  const folder = vscode.Uri.file(settings.folder() ?? homedir());
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, `${short_id}.${ENDINGS[chosen.format]}`),
    title: text.exportTitle(),
  });
  if (target === undefined) return;
  // The dialog has asked whether a file that is there is to be written over.
  const answer = await daemon.request("session/export", { session, format: chosen.format, to: target.fsPath, force: true });
  const redacted = Object.values(answer.redactions).reduce((sum, count) => sum + count, 0);
  vscode.window.setStatusBarMessage(text.exported(basename(answer.path ?? target.fsPath), answer.events, redacted), SUCCESS_MS);
}
