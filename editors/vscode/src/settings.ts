// Every setting, read in one place.

import * as vscode from "vscode";
import type { Scope } from "./daemon/protocol";

export type GroupBy = "day" | "agent" | "branch";

function get<T>(name: string, fallback: T): T {
  return vscode.workspace.getConfiguration("opensession").get<T>(name, fallback);
}

export const path = (): string => get("path", "");
export const scope = (): "workspace" | "all" => get("scope", "workspace");
export const groupBy = (): GroupBy => get("tree.groupBy", "day");
export const subagents = (): boolean => get("tree.subagents", false);
export const searchPreview = (): boolean => get("search.preview", true);
export const budget = (): string => get("handoff.budget", "standard");
export const thinkingIsOpen = (): boolean => get<string>("session.thinking", "folded") === "open";
export const codeLens = (): boolean => get("codeLens", true);
export const hover = (): boolean => get("hover", true);
export const statusBar = (): boolean => get("statusBar", true);
export const trace = (): boolean => get<string>("trace", "off") === "messages";

export function setScope(value: "workspace" | "all"): Thenable<void> {
  return set("scope", value);
}

export function setGroupBy(value: GroupBy): Thenable<void> {
  return set("tree.groupBy", value);
}

export function setSubagents(value: boolean): Thenable<void> {
  return set("tree.subagents", value);
}

export function setPath(value: string): Thenable<void> {
  return vscode.workspace.getConfiguration("opensession").update("path", value, vscode.ConfigurationTarget.Global);
}

function set(name: string, value: string | boolean): Thenable<void> {
  const inWorkspace = vscode.workspace.workspaceFolders !== undefined;
  const target = inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  return vscode.workspace.getConfiguration("opensession").update(name, value, target);
}

/** The folder that a question is about: that of the active editor, else the workspace's first. */
export function folder(): string | undefined {
  const active = vscode.window.activeTextEditor?.document.uri;
  const around = active === undefined ? undefined : vscode.workspace.getWorkspaceFolder(active);
  const chosen = around ?? vscode.workspace.workspaceFolders?.[0];
  return chosen?.uri.scheme === "file" ? chosen.uri.fsPath : undefined;
}

/** Where sessions are looked for. */
export function scopeOf(where: "workspace" | "all"): Scope {
  const cwd = folder();
  return where === "all" || cwd === undefined ? { all: true } : { cwd };
}
