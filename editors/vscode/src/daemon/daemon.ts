// The daemon as the rest of the extension sees it: found, started, connected to, connected to again.

import { homedir } from "node:os";
import * as vscode from "vscode";
import * as settings from "../settings";
import * as text from "../text";
import { BinaryError, candidates, findBinary, restartDaemon, socketPath, startDaemon } from "./binary";
import type { Client } from "./client";
import { errorText } from "./errors";
import type { Hello, IndexStatus, Methods, SessionUpdate } from "./protocol";

/** Without a binary; with a binary but no daemon; being started; connected. */
export type State = "unknown" | "missing" | "down" | "starting" | "ready";

const RECONNECT_MS = [500, 1_000, 2_000, 5_000, 15_000];

/** Something the user is told, with a remedy. */
export class Unavailable extends Error {
  constructor(
    readonly state: State,
    message: string,
  ) {
    super(message);
  }
}

export class Daemon implements vscode.Disposable {
  private client: Client | undefined;
  private attempt: { client: Promise<Client>; mayStart: boolean } | undefined;
  private retry: NodeJS.Timeout | undefined;
  private attempts = 0;
  private names = new Map<string, string>();
  private disposed = false;
  private current: State = "unknown";
  private readonly stateEmitter = new vscode.EventEmitter<State>();
  private readonly sessionEmitter = new vscode.EventEmitter<SessionUpdate>();
  private readonly indexEmitter = new vscode.EventEmitter<IndexStatus>();

  readonly onDidChangeState = this.stateEmitter.event;
  readonly onDidUpdateSession = this.sessionEmitter.event;
  readonly onDidUpdateIndex = this.indexEmitter.event;
  hello: Hello | undefined;
  /** Whether it was there in this window, and went away. */
  isLost = false;
  /** What the binary or the daemon said last when it failed. */
  lastWords = "";

  constructor(private readonly log: vscode.LogOutputChannel) {}

  get state(): State {
    return this.current;
  }

  /** An agent's name: `Claude Code`; its id while it is unknown. */
  agentName(id: string): string {
    return this.names.get(id) ?? id;
  }

  /** Asks the daemon; starts it when it does not run. */
  async request<M extends keyof Methods>(
    method: M,
    params: Methods[M][0],
    token?: vscode.CancellationToken,
  ): Promise<Methods[M][1]> {
    const client = await this.connected(true);
    return client.request(method, params, token);
  }

  /** Asks the daemon only if it is connected: for what nobody asked for by hand. */
  async requestIfReady<M extends keyof Methods>(
    method: M,
    params: Methods[M][0],
    token?: vscode.CancellationToken,
  ): Promise<Methods[M][1] | undefined> {
    return this.client?.request(method, params, token);
  }

  /** Connects to a daemon that runs; never starts one. */
  async look(): Promise<void> {
    try {
      await this.connected(false);
    } catch (error) {
      this.log.debug(errorText(error));
    }
  }

  async binary(): Promise<string> {
    const found = await findBinary(candidates(settings.path(), process.env, homedir()));
    if (found === undefined) {
      this.set("missing");
      throw new Unavailable("missing", text.binaryMissing());
    }
    return found;
  }

  async restart(): Promise<void> {
    // An attempt that has begun would meet the daemon's end.
    await this.attempt?.client.catch(() => undefined);
    await this.begin(true, this.startAnew());
  }

  /** Forgets the connection, because the settings that it was made with have changed. */
  reset(): void {
    this.drop();
    void this.look();
  }

  dispose(): void {
    this.disposed = true;
    this.drop();
    this.stateEmitter.dispose();
    this.sessionEmitter.dispose();
    this.indexEmitter.dispose();
  }

  private async connected(start: boolean): Promise<Client> {
    for (;;) {
      if (this.client !== undefined) return this.client;
      const { attempt } = this;
      if (attempt === undefined) return this.begin(start, this.connect(start));
      if (!start || attempt.mayStart) return attempt.client;
      // That attempt may not start a daemon; the next one may.
      const client = await attempt.client.catch(() => undefined);
      if (client !== undefined) return client;
    }
  }

  /** One attempt at a time: who asks meanwhile waits for it. */
  private begin(mayStart: boolean, connected: Promise<Client>): Promise<Client> {
    const client = connected.finally(() => {
      if (this.attempt?.client === client) this.attempt = undefined;
    });
    this.attempt = { client, mayStart };
    return client;
  }

  private async startAnew(): Promise<Client> {
    const binary = await this.binary();
    const wasRunning = this.client !== undefined;
    this.drop();
    this.set("starting");
    try {
      await (wasRunning ? restartDaemon(binary) : startDaemon(binary));
    } catch (error) {
      throw this.failed(error);
    }
    return this.connect(false);
  }

  private async connect(start: boolean): Promise<Client> {
    const binary = await this.binary();
    try {
      const path = await socketPath(binary);
      let opened;
      try {
        opened = await this.open(path);
      } catch (error) {
        if (!start || !isNobodyThere(error)) throw error;
        this.set("starting");
        this.log.info(text.starting());
        await startDaemon(binary);
        opened = await this.open(path);
      }
      const { client, hello } = opened;
      this.hello = hello;
      await this.greet(client);
      if (this.disposed) throw new Unavailable("down", text.daemonDown());
      this.client = client;
      this.attempts = 0;
      this.lastWords = "";
      this.isLost = false;
      this.set("ready");
      return client;
    } catch (error) {
      throw this.failed(error);
    }
  }

  private async open(path: string): Promise<{ client: Client; hello: Hello }> {
    // Not before it is needed: loading it is most of what activation would take.
    const { Client } = await import("./client");
    const trace = (method: string, milliseconds: number, error: string | undefined): void => {
      if (settings.trace()) this.log.info(`${method} ${milliseconds.toFixed(1)} ms${error === undefined ? "" : `: ${error}`}`);
    };
    const opened = Client.connect(path, trace, () => {
      void opened.then(({ client }) => this.lost(client), () => undefined);
    });
    return opened;
  }

  private async greet(client: Client): Promise<void> {
    const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri, name }) => ({ uri: uri.toString(), name }));
    await client.request("initialize", {
      processId: process.pid,
      capabilities: {},
      workspaceFolders: folders,
      initializationOptions: { codeLens: true, hover: true, scope: settings.scope() },
    });
    client.notify("initialized", {});
    for (const agent of await client.request("agent/list", {})) this.names.set(agent.id, agent.name);
    await client.subscribe(
      (update) => this.sessionEmitter.fire(update),
      (status) => this.indexEmitter.fire(status),
    );
  }

  private lost(client: Client): void {
    if (this.client !== client || this.disposed) return;
    this.client = undefined;
    this.isLost = true;
    this.set("down");
    this.tryAgain();
  }

  /** Connects again when a daemon is back; what the user asks for meanwhile starts one. */
  private tryAgain(): void {
    const wait = RECONNECT_MS[Math.min(this.attempts, RECONNECT_MS.length - 1)];
    this.attempts += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      void this.look().then(() => {
        if (this.client === undefined && !this.disposed) this.tryAgain();
      });
    }, wait);
  }

  private failed(error: unknown): unknown {
    if (error instanceof Unavailable) return error;
    this.lastWords = error instanceof BinaryError || !isNobodyThere(error) ? errorText(error) : "";
    if (this.lastWords !== "") this.log.error(this.lastWords);
    this.set("down");
    return new Unavailable("down", this.lastWords === "" ? text.daemonDown() : text.daemonFailed(this.lastWords));
  }

  private drop(): void {
    clearTimeout(this.retry);
    const client = this.client;
    this.client = undefined;
    client?.dispose();
  }

  private set(state: State): void {
    if (this.current === state) return;
    this.current = state;
    void vscode.commands.executeCommand("setContext", "opensession.state", state);
    this.stateEmitter.fire(state);
  }
}

/** No daemon listens: no socket, or one that a crash left behind. */
function isNobodyThere(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "ENOENT" || code === "ECONNREFUSED";
}
