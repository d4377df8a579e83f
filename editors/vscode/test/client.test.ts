import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  CancellationTokenSource,
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
} from "vscode-jsonrpc/node";
import { BinaryError, findBinary, socketPath } from "../src/daemon/binary";
import { Client, ProtocolMismatch } from "../src/daemon/client";
import { errorText, isCancelled } from "../src/daemon/errors";
import type { SessionUpdate } from "../src/daemon/protocol";

/** A daemon that answers as `on` says, and ends with the test. */
async function serve(context: TestContext, on: (connection: MessageConnection) => void): Promise<{ path: string; sockets: Socket[] }> {
  const folder = mkdtempSync(join(tmpdir(), "opensession-"));
  const path = join(folder, "daemon.sock");
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
    on(connection);
    connection.listen();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  context.after(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { path, sockets };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const hello = (protocol = 1) => ({ version: "0.1.0", protocol, capabilities: [], missing: [] });
const silent = (): void => undefined;

test("it asks, hears subscriptions and notices the end", async (context) => {
  const update: SessionUpdate = { type: "restarted", session: "4f2a" };
  const { path, sockets } = await serve(context, (connection) => {
    connection.onRequest("daemon/hello", () => hello());
    connection.onRequest("session/get", (params: { session: string }) => ({ session: { id: params.session } }));
    connection.onRequest("index/subscribe", () => 2);
    connection.onRequest("session/subscribe", () => {
      setImmediate(() => void connection.sendNotification("session/update", { subscription: 1, result: update }));
      return 1;
    });
  });
  const traced: string[] = [];
  const closed = deferred<void>();
  const { client } = await Client.connect(path, (method) => traced.push(method), closed.resolve);
  assert.equal((await client.request("session/get", { session: "4f2a" })).session.id, "4f2a");
  const heard = deferred<SessionUpdate>();
  await client.subscribe(heard.resolve, silent);
  assert.deepEqual(await heard.promise, update);
  assert.deepEqual(traced, ["daemon/hello", "session/get"]);
  sockets[0]?.destroy();
  await closed.promise;
});

test("a request that is taken back ends as cancelled", async (context) => {
  const arrived = deferred<void>();
  const { path } = await serve(context, (connection) => {
    connection.onRequest("daemon/hello", () => hello());
    connection.onRequest("search/query", (_params, token) => {
      return new Promise((resolve) => {
        arrived.resolve();
        token.onCancellationRequested(() => resolve(new ResponseError(-32800, "the request was cancelled")));
      });
    });
  });
  const { client } = await Client.connect(path, silent, silent);
  context.after(() => client.dispose());
  const cancel = new CancellationTokenSource();
  const answer = client.request("search/query", { query: "lock" }, cancel.token);
  await arrived.promise;
  cancel.cancel();
  await assert.rejects(answer, (error) => isCancelled(error));
});

test("an error says the daemon's hint", async (context) => {
  const { path } = await serve(context, (connection) => {
    connection.onRequest("daemon/hello", () => hello());
    connection.onRequest("session/get", () => new ResponseError(1, "no session zzzz", { hint: "opensession log lists them" }));
  });
  const { client } = await Client.connect(path, silent, silent);
  context.after(() => client.dispose());
  await assert.rejects(client.request("session/get", { session: "zzzz" }), (error) => {
    assert.equal(errorText(error), "no session zzzz (opensession log lists them)");
    return true;
  });
});

test("another version of the interface and a missing socket are refused", async (context) => {
  const { path } = await serve(context, (connection) => {
    connection.onRequest("daemon/hello", () => hello(9));
  });
  await assert.rejects(Client.connect(path, silent, silent), ProtocolMismatch);
  await assert.rejects(Client.connect(`${path}.absent`, silent, silent), { code: "ENOENT" });
});

test("a binary is a file that can be run, and its last words are told", async () => {
  assert.equal(await findBinary(["/nonexistent/opensession", "/usr"]), undefined);
  const node = await findBinary(["/nonexistent/opensession", process.execPath]);
  assert.equal(node, process.execPath);
  // Node takes the words for a script that is not there.
  await assert.rejects(socketPath(process.execPath), (error) => error instanceof BinaryError && error.message.includes("daemon"));
});

test("the real daemon answers every method that is asked", { skip: process.env["OPENSESSION_BIN"] === undefined }, async (context) => {
  const binary = process.env["OPENSESSION_BIN"] ?? "";
  const { client, hello } = await Client.connect(await socketPath(binary), silent, silent);
  context.after(() => client.dispose());
  assert.ok(hello.capabilities.includes("method:handoff/create"));
  await client.request("initialize", { processId: null, capabilities: {}, workspaceFolders: [], initializationOptions: { scope: "all" } });
  client.notify("initialized", {});
  await client.subscribe(silent, silent);
  assert.ok((await client.request("agent/list", {})).some(({ name }) => name === "Claude Code"));
  const page = await client.request("session/list", { filter: { scope: { all: true }, subagents: false }, limit: 5 });
  const session = page.sessions[0];
  assert.ok(session !== undefined, "the daemon has a session");
  const document = await client.request("session/document", { session: session.id });
  assert.ok(document.text.startsWith(`session ${session.short_id}`));
  const prompts = await client.request("session/events", { session: session.id, kinds: ["prompt"], limit: 5 });
  assert.equal(prompts.events[0]?.kind, "prompt");
  assert.notEqual((await client.request("session/summary", { session: session.id })).objective, "");
  assert.match((await client.request("handoff/create", { sessions: [session.id], budget: "brief" })).text, /^# /);
  const answer = await client.request("search/query", { query: "the", options: { scope: { all: true }, typing: true } });
  assert.ok(answer.sessions.length > 0);
  assert.equal((await client.request("daemon/status", {})).sessions > 0, true);
  const uri = "file:///nonexistent/file.rs";
  assert.deepEqual((await client.request("textDocument/codeLens", { textDocument: { uri } })) ?? [], []);
});
