// One scheme, four kinds of documents. What cannot be read says why in the document itself.

import * as vscode from "vscode";
import { errorText } from "../daemon/errors";
import * as text from "../text";

export class Provider implements vscode.TextDocumentContentProvider {
  /** `onDidChange` tells of sessions that go on; the other kinds never change. */
  constructor(
    private readonly kinds: Record<string, vscode.TextDocumentContentProvider>,
    readonly onDidChange: vscode.Event<vscode.Uri>,
  ) {}

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    try {
      return (await this.kinds[uri.authority]?.provideTextDocumentContent(uri, token)) ?? text.failed(uri.toString());
    } catch (error) {
      return text.failed(errorText(error));
    }
  }
}
