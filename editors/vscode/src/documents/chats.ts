// The chats of other extensions that take a handoff.

import * as vscode from "vscode";
import * as text from "../text";

/** The editor's own chat, whoever answers in it. Not documented: it takes a text and a wish not to send it. */
const EDITORS_OWN = "workbench.action.chat.open";

/** What an extension's command takes: a file by its address, the file in front, or what is selected in it. */
type Takes = "address" | "front" | "selection";

/** Names are the extensions' own. Where one has several, the newer stands first. */
const OTHERS: readonly { name: string; commands: readonly string[]; takes: Takes }[] = [
  { name: "Claude Code", commands: ["claude-vscode.insertAtMention", "claude-code.insertAtMentioned"], takes: "front" },
  { name: "Codex", commands: ["chatgpt.addFileToThread"], takes: "address" },
  { name: "Cline", commands: ["cline.addToChat"], takes: "selection" },
  { name: "Roo Code", commands: ["roo-cline.addToContext"], takes: "selection" },
  { name: "Kilo Code", commands: ["kilo-code.addToContext"], takes: "selection" },
];

/** A chat that is here. */
export interface Chat extends vscode.QuickPickItem {
  command: string;
  takes: Takes | "text";
}

/** Those whose commands are there, the editor's own first. */
export async function chats(): Promise<Chat[]> {
  const known = new Set(await vscode.commands.getCommands(true));
  const own: Chat[] = known.has(EDITORS_OWN) ? [{ label: text.editorsChat(), command: EDITORS_OWN, takes: "text" }] : [];
  const others = OTHERS.flatMap(({ name, commands, takes }): Chat[] => {
    const command = commands.find((one) => known.has(one));
    return command === undefined ? [] : [{ label: name, command, takes }];
  });
  return [...own, ...others];
}

/** Puts the text into the chat and never sends it. `file` is where those find it that take files. */
export async function insert(chat: Chat, query: string, file: vscode.Uri): Promise<void> {
  if (chat.takes === "text") {
    await vscode.commands.executeCommand(chat.command, { query, isPartialQuery: true });
    return;
  }
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(query));
  if (chat.takes === "address") {
    await vscode.commands.executeCommand(chat.command, file);
    return;
  }
  const document = await vscode.workspace.openTextDocument(file);
  const editor = await vscode.window.showTextDocument(document, { preview: true });
  const end = document.lineAt(document.lineCount - 1).range.end;
  editor.selection = new vscode.Selection(new vscode.Position(0, 0), chat.takes === "selection" ? end : new vscode.Position(0, 0));
  await vscode.commands.executeCommand(chat.command);
}
