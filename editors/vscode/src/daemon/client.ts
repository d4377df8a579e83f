// One connection to the daemon's socket.

import { connect as connectSocket, type Socket } from "node:net";
import {
  type CancellationToken,
  type MessageConnection,
  createMessageConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from "vscode-jsonrpc/node";
import { errorText } from "./errors";
import { type Hello, type IndexStatus, type Methods, PROTOCOL, type SessionUpdate } from "./protocol";

const CONNECT_PATIENCE_MS = 3_000;

/** Told of each request when it has ended. */
export type Trace = (method: string, milliseconds: number, error: string | undefined) => void;

/** The daemon speaks another version of the interface. */
export class ProtocolMismatch extends Error {
  constructor(readonly hello: Hello) {
    super(`daemon ${hello.version} speaks protocol ${hello.protocol}, this extension ${PROTOCOL}`);
  }
}

export class Client {
  private closed = false;

  private constructor(
    private readonly socket: Socket,
    private readonly connection: MessageConnection,
    private readonly trace: Trace,
  ) {}

  /** Connects to a daemon that runs. `onClose` is called once, however the connection ends. */
  static async connect(path: string, trace: Trace, onClose: () => void): Promise<{ client: Client; hello: Hello }> {
    const socket = await open(path);
    const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
    const client = new Client(socket, connection, trace);
    // What is malformed ends the connection below; nothing else is to be done about it.
    connection.onError(() => client.dispose());
    connection.onClose(() => {
      client.dispose();
      onClose();
    });
    connection.listen();
    try {
      const hello = await client.request("daemon/hello", {});
      if (hello.protocol !== PROTOCOL) throw new ProtocolMismatch(hello);
      return { client, hello };
    } catch (error) {
      client.dispose();
      throw error;
    }
  }

  async request<M extends keyof Methods>(
    method: M,
    params: Methods[M][0],
    token?: CancellationToken,
  ): Promise<Methods[M][1]> {
    const began = performance.now();
    try {
      // An absent token must not be handed on: it would count as a second parameter by position.
      const answer = await (token === undefined
        ? this.connection.sendRequest<Methods[M][1]>(method, params)
        : this.connection.sendRequest<Methods[M][1]>(method, params, token));
      this.trace(method, performance.now() - began, undefined);
      return answer;
    } catch (error) {
      this.trace(method, performance.now() - began, errorText(error));
      throw error;
    }
  }

  notify(method: string, params: object): void {
    // A connection that is gone is told by `onClose`.
    this.connection.sendNotification(method, params).catch(() => undefined);
  }

  async subscribe(sessions: (update: SessionUpdate) => void, index: (status: IndexStatus) => void): Promise<void> {
    this.connection.onNotification("session/update", (params: { result: SessionUpdate }) => sessions(params.result));
    this.connection.onNotification("index/update", (params: { result: IndexStatus }) => index(params.result));
    await this.connection.sendRequest("session/subscribe", {});
    await this.connection.sendRequest("index/subscribe", {});
  }

  dispose(): void {
    if (this.closed) return;
    this.closed = true;
    this.connection.dispose();
    this.socket.destroy();
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(path);
    socket.setTimeout(CONNECT_PATIENCE_MS, () => socket.destroy(new Error(`no connection to ${path}`)));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
