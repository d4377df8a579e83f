// What of a session's text has a colour that its words alone do not tell: the lines of edits. Outputs hold the like.

import * as vscode from "vscode";
import { isEdit } from "./outline";
import type { SessionDocuments } from "./sessions";

export const LEGEND = new vscode.SemanticTokensLegend(["opensessionAdded", "opensessionRemoved"]);

export class EditTokens implements vscode.DocumentSemanticTokensProvider {
  constructor(private readonly documents: SessionDocuments) {}

  provideDocumentSemanticTokens(document: vscode.TextDocument): vscode.SemanticTokens {
    const builder = new vscode.SemanticTokensBuilder(LEGEND);
    for (const event of this.documents.outline(document)) {
      if (!isEdit(event)) continue;
      const indent = document.lineAt(event.line).firstNonWhitespaceCharacterIndex + 2;
      for (let line = event.line + 1; line <= Math.min(event.last, document.lineCount - 1); line += 1) {
        const { text } = document.lineAt(line);
        const kind = text[indent] === "+" ? 0 : text[indent] === "-" ? 1 : undefined;
        if (kind !== undefined) builder.push(line, indent, text.length - indent, kind);
      }
    }
    return builder.build();
  }
}
