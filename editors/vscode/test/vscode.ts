// An editor's interface as far as the extension uses it, for tests: it remembers what was registered and shown, and does
// what the test says where a person would choose.

type Listener<T> = (value: T) => unknown;

export class Disposable {
  static from(...many: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => many.forEach((one) => one.dispose()));
  }
  constructor(private readonly end: () => unknown) {}
  dispose(): void {
    this.end();
  }
}

export class EventEmitter<T> {
  private readonly listeners = new Set<Listener<T>>();
  readonly event = (listener: Listener<T>): Disposable => {
    this.listeners.add(listener);
    return new Disposable(() => this.listeners.delete(listener));
  };
  fire(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
  dispose(): void {
    this.listeners.clear();
  }
}

export class Uri {
  private constructor(
    readonly scheme: string,
    readonly authority: string,
    readonly path: string,
    readonly query: string,
  ) {}
  static from(parts: { scheme: string; authority?: string; path?: string; query?: string }): Uri {
    return new Uri(parts.scheme, parts.authority ?? "", parts.path ?? "", parts.query ?? "");
  }
  static file(path: string): Uri {
    return new Uri("file", "", path, "");
  }
  static parse(text: string): Uri {
    const [, scheme = "", authority = "", path = "", query = ""] = /^([a-z]+):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/.exec(text) ?? [];
    return new Uri(scheme, authority, path, decodeURIComponent(query));
  }
  static joinPath(base: Uri, ...names: string[]): Uri {
    return new Uri(base.scheme, base.authority, [base.path, ...names].join("/"), "");
  }
  get fsPath(): string {
    return this.path;
  }
  toString(): string {
    return `${this.scheme}://${this.authority}${this.path}${this.query === "" ? "" : `?${this.query}`}`;
  }
}

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}
export class Range {
  readonly start: Position;
  readonly end: Position;
  constructor(startLine: number, startCharacter: number, endLine: number, endCharacter: number) {
    this.start = new Position(startLine, startCharacter);
    this.end = new Position(endLine, endCharacter);
  }
}
export class Selection extends Range {
  constructor(anchor: Position, active: Position) {
    super(anchor.line, anchor.character, active.line, active.character);
  }
  get active(): Position {
    return this.end;
  }
}
export class CodeLens {
  constructor(
    readonly range: Range,
    readonly command?: { title: string; command: string; arguments?: unknown[] },
  ) {}
}
export class DocumentLink {
  tooltip?: string;
  constructor(
    readonly range: Range,
    readonly target?: Uri,
  ) {}
}
export class FoldingRange {
  constructor(
    readonly start: number,
    readonly end: number,
  ) {}
}
export class ThemeIcon {
  constructor(readonly id: string) {}
}
export class ThemeColor extends ThemeIcon {}
export class TreeItem {
  constructor(readonly label: string) {}
}
export class TabInputText {
  constructor(readonly uri: Uri) {}
}
export class SemanticTokensLegend {
  constructor(readonly tokenTypes: string[]) {}
}
export class CancellationTokenSource {
  private readonly emitter = new EventEmitter<void>();
  readonly token = { isCancellationRequested: false, onCancellationRequested: this.emitter.event };
  cancel(): void {
    this.token.isCancellationRequested = true;
    this.emitter.fire();
  }
  dispose(): void {
    this.emitter.dispose();
  }
}
export const QuickPickItemKind = { Separator: -1, Default: 0 };
export const StatusBarAlignment = { Left: 1 };
export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const ViewColumn = { Active: -1, Beside: -2 };
export const TextEditorRevealType = { InCenterIfOutsideViewport: 2, AtTop: 3 };
export const ConfigurationTarget = { Global: 1, Workspace: 2 };
export const ProgressLocation = { Window: 10 };
export const SymbolKind = { String: 14, File: 0, Event: 23 };

export class Document {
  isClosed = false;
  constructor(
    readonly uri: Uri,
    private readonly text: string,
    readonly languageId: string,
  ) {}
  getText(): string {
    return this.text;
  }
  get lineCount(): number {
    return this.text.split("\n").length;
  }
  lineAt(line: number): { range: Range } {
    const length = this.text.split("\n")[line]?.length ?? 0;
    return { range: new Range(line, 0, line, length) };
  }
}
export interface Editor {
  document: Document;
  selection: Selection;
  setDecorations(): void;
  revealRange(): void;
}
export interface Pick {
  items: Item[];
  activeItems: Item[];
  value: string;
  title: string;
  busy: boolean;
  /** What a person does. */
  type(value: string): void;
  accept(): void;
  hide(): void;
}
export interface Item {
  label: string;
  description?: string;
  detail?: string;
  kind?: number;
  alwaysShow?: boolean;
}

/** What happened, and what a person would choose. */
export const host = {
  settings: {} as Record<string, unknown>,
  contexts: {} as Record<string, unknown>,
  commands: new Map<string, (...parameters: unknown[]) => unknown>(),
  executed: [] as unknown[][],
  providers: new Map<string, { provideTextDocumentContent(uri: Uri, token: unknown): Promise<string> }>(),
  said: [] as string[],
  picks: [] as Pick[],
  choose: (_items: Item[], _title: string): Item | undefined => undefined,
  statusItem: { text: "", tooltip: "" },
  tree: undefined as { getChildren(node?: unknown): Promise<unknown> } | undefined,
  opened: [] as Document[],
  files: new Map<string, string>(),
  editor: undefined as Editor | undefined,
  closedTabs: 0,
};

const never = (): Disposable => new Disposable(() => undefined);

export const l10n = {
  t: (message: string, ...values: unknown[]): string =>
    message.replace(/\{(\d+)\}/g, (_, index: string) => String(values[Number(index)])),
};
export const env = { language: "en", clipboard: { text: "", writeText: async (text: string): Promise<void> => void (env.clipboard.text = text) } };
export const commands = {
  registerCommand(name: string, run: (...parameters: unknown[]) => unknown): Disposable {
    host.commands.set(name, run);
    return never();
  },
  async executeCommand(name: string, ...parameters: unknown[]): Promise<unknown> {
    if (name === "setContext") host.contexts[String(parameters[0])] = parameters[1];
    else host.executed.push([name, ...parameters]);
    return host.commands.get(name)?.(...parameters);
  },
  getCommands: async (): Promise<string[]> => [...host.commands.keys()],
};
const quiet = (): void => undefined;
export const window = {
  activeTextEditor: undefined as Editor | undefined,
  tabGroups: {
    get all() {
      return [{ tabs: host.opened.map((document) => ({ input: new TabInputText(document.uri), isPreview: true })) }];
    },
    async close(tabs: unknown[]): Promise<void> {
      host.closedTabs += tabs.length;
    },
  },
  createOutputChannel: () => ({ info: quiet, warn: quiet, debug: quiet, error: (words: string) => host.said.push(words), show: quiet, dispose: quiet }),
  createTextEditorDecorationType: () => ({ dispose: quiet }),
  createStatusBarItem: () => Object.assign(host.statusItem, { show: quiet, hide: quiet, dispose: quiet }),
  createTreeView(_name: string, { treeDataProvider }: { treeDataProvider: { getChildren(node?: unknown): Promise<unknown> } }): unknown {
    host.tree = treeDataProvider;
    return { message: "", description: "", dispose: quiet };
  },
  onDidChangeActiveTextEditor: never,
  onDidChangeWindowState: never,
  setStatusBarMessage: (words: string) => host.said.push(words),
  showErrorMessage: async (words: string) => void host.said.push(words),
  showInformationMessage: async (words: string) => void host.said.push(words),
  async showQuickPick(items: Item[] | Promise<Item[]>, options: { title?: string } = {}): Promise<Item | undefined> {
    return host.choose(await items, options.title ?? "");
  },
  async showTextDocument(document: Document): Promise<Editor> {
    host.opened = [...host.opened.filter((one) => one !== document), document];
    const zero = new Position(0, 0);
    host.editor = { document, selection: new Selection(zero, zero), setDecorations: quiet, revealRange: quiet };
    return host.editor;
  },
  createQuickPick(): unknown {
    const [changed, accepted, hid, active] = [new EventEmitter<string>(), new EventEmitter<void>(), new EventEmitter<void>(), new EventEmitter<Item[]>()];
    const pick = {
      items: [], activeItems: [], value: "", title: "", busy: false,
      onDidChangeValue: changed.event, onDidAccept: accepted.event, onDidHide: hid.event, onDidChangeActive: active.event,
      onDidTriggerButton: never, onDidTriggerItemButton: never, show: quiet, dispose: quiet,
      hide: () => hid.fire(),
      accept: () => accepted.fire(),
      type(value: string): void {
        pick.value = value;
        changed.fire(value);
      },
    };
    host.picks.push(pick);
    return pick;
  },
};
export const workspace = {
  fs: {
    async writeFile(uri: Uri, bytes: Uint8Array): Promise<void> {
      host.files.set(uri.toString(), new TextDecoder().decode(bytes));
    },
  },
  workspaceFolders: undefined as { uri: Uri; name: string }[] | undefined,
  textDocuments: [] as Document[],
  getConfiguration: () => ({ get: (name: string, fallback: unknown) => host.settings[name] ?? fallback, update: async () => undefined }),
  getWorkspaceFolder: () => undefined,
  onDidChangeConfiguration: never,
  onDidChangeWorkspaceFolders: never,
  onDidCloseTextDocument: never,
  registerTextDocumentContentProvider(scheme: string, provider: never): Disposable {
    host.providers.set(scheme, provider);
    return never();
  },
  async openTextDocument(uri: Uri): Promise<Document> {
    const text = host.files.get(uri.toString()) ?? (await host.providers.get(uri.scheme)?.provideTextDocumentContent(uri, undefined));
    return new Document(uri, text ?? "", uri.path.endsWith(".md") ? "markdown" : "opensession");
  },
};
export const languages = {
  registerFoldingRangeProvider: never,
  registerDocumentLinkProvider: never,
  registerDocumentSymbolProvider: never,
  registerCodeLensProvider: never,
  registerHoverProvider: never,
  registerColorProvider: never,
  registerDocumentSemanticTokensProvider: never,
};
