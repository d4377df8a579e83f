// One scheme, two kinds of documents. What cannot be read says why in the document itself.

import * as vscode from "vscode";
import { errorText } from "../daemon/client";
import * as text from "../text";
import type { Handoffs } from "./handoffs";
import type { SessionDocuments } from "./sessions";

export class Provider implements vscode.TextDocumentContentProvider {
  readonly onDidChange: vscode.Event<vscode.Uri>;

  constructor(
    private readonly sessions: SessionDocuments,
    private readonly handoffs: Handoffs,
  ) {
    this.onDidChange = sessions.onDidChange;
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const of = uri.authority === "handoff" ? this.handoffs : this.sessions;
    try {
      return await of.provideTextDocumentContent(uri, token);
    } catch (error) {
      return text.failed(errorText(error));
    }
  }
}
