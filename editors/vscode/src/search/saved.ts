// Queries that were given a name, and those that found something before.

import * as vscode from "vscode";
import type { Daemon } from "../daemon/daemon";
import * as text from "../text";

const EARLIER = 20;

interface Item extends vscode.QuickPickItem {
  /** What is chosen with it. */
  query?: string;
  /** The name of a saved one. */
  name?: string;
  saves?: boolean;
}

/** A query that the user chose from those that are kept; undefined when none was. `current` can be given a name. */
export async function chooseQuery(daemon: Daemon, current: string): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick<Item>();
  const remove = { iconPath: new vscode.ThemeIcon("trash"), tooltip: text.removeQuery() };
  const list = async (): Promise<void> => {
    pick.items = itemsOf(current, await daemon.request("search/saved", {}), await daemon.request("search/history", { limit: EARLIER }), remove);
  };
  pick.title = text.savedQueries();
  pick.placeholder = text.savedPlaceholder();
  pick.matchOnDescription = true;
  pick.busy = true;
  const chosen = new Promise<Item | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.activeItems[0]));
    pick.onDidHide(() => resolve(undefined));
  });
  let failure: unknown;
  const failed = (error: unknown): void => {
    failure = error;
    pick.hide();
  };
  pick.onDidTriggerItemButton(({ item }) => {
    if (item.name !== undefined) daemon.request("search/unsave", { name: item.name }).then(list).catch(failed);
  });
  pick.show();
  list().then(() => (pick.busy = false), failed);
  const item = await chosen;
  pick.dispose();
  if (failure !== undefined) throw failure;
  if (item?.saves !== true) return item?.query;
  const name = await vscode.window.showInputBox({ title: text.saveQueryTitle(current), prompt: text.saveQueryPrompt() });
  if (name !== undefined && name.trim() !== "") {
    await daemon.request("search/save", { name: name.trim(), query: current });
    vscode.window.setStatusBarMessage(text.saved(name.trim()), 3_000);
  }
  return current;
}

function itemsOf(
  current: string,
  saved: readonly { name: string; query: string }[],
  { queries }: { queries: readonly { query: string; sessions: number }[] },
  remove: vscode.QuickInputButton,
): Item[] {
  const head = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const items: Item[] = current.trim() === "" ? [] : [{ label: `$(add) ${text.saveQuery(current)}`, saves: true, alwaysShow: true }];
  if (saved.length > 0) items.push(head(text.savedHead()));
  items.push(...saved.map(({ name, query }) => ({ label: name, description: query, name, query, buttons: [remove] })));
  if (queries.length > 0) items.push(head(text.earlierHead()));
  items.push(...queries.map(({ query, sessions }) => ({ label: query, description: text.sessions(sessions), query })));
  return items.length === 0 ? [{ label: text.noSavedQuery(), alwaysShow: true }] : items;
}
