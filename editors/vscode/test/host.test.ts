// The whole extension against an editor and a daemon that the tests play.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createMessageConnection, type MessageConnection, SocketMessageReader, SocketMessageWriter } from "vscode-jsonrpc/node";
import { activate } from "../src/extension";
import { commands, type Document, env, host, type Item, type Pick, Uri } from "./vscode";

const SESSION = {
  id: "4f2a91c7aa", short_id: "4f2a91c7", agent: "claude-code", title: "Fix the flaky lock test", updated: new Date().toISOString(),
  state: "live", repository: "app", branch: "main", first_prompt: null, stats: { turns: 2, files: 1, added: 2, removed: 1, errors: 0 },
};
const asked: { method: string; params: Record<string, unknown> }[] = [];
const folder = mkdtempSync(join(tmpdir(), "opensession-"));
const sockets: Socket[] = [];
const connections: MessageConnection[] = [];
/** How the binary was called. */
const calls = join(folder, "calls");
let server: Server | undefined;
/** Answers that the test gives when it wants to, by query. */
const held = new Map<string, (answer: unknown) => void>();
const context = { subscriptions: [] as { dispose(): void }[], globalStorageUri: Uri.file("/storage") };

const answers: Record<string, (params: never) => unknown> = {
  "daemon/hello": () => ({ version: "0.1.0", protocol: 1, capabilities: [] }),
  initialize: () => ({}),
  "agent/list": () => [{ id: "claude-code", name: "Claude Code", sessions: 3, begin: { command: ["claude"] } }, { id: "aider", name: "Aider", sessions: 0 }],
  "session/subscribe": () => 1,
  "index/subscribe": () => 2,
  "session/list": ({ filter }: { filter: Range }) => {
    const found = dated(filter);
    return filter.since === undefined && filter.until === undefined
      ? { sessions: [SESSION], next: null, total: 14, sessions_kept: 14 }
      : { sessions: found, next: null, total: found.length, sessions_kept: 14 };
  },
  "daemon/status": () => ({ version: "0.1.0", publish_on: "manual" }),
  "session/get": () => ({ session: SESSION, resume: null, children: [] }),
  "session/document": () => ({ session: SESSION.id, title: SESSION.title, text: "text", next: null }),
  "handoff/create": ({ budget }: { budget: string }) => ({ text: `# Handoff\n\n- it failed [#8], ${budget}` }),
  "session/diff": () => ({ markdown: "# A: x, B: y" }),
  "search/query": ({ query }: { query: string }) => {
    if (query.startsWith("held")) return new Promise((resolve) => held.set(query, resolve));
    if (query === "nothing") return { sessions: [], hits: 0, errors: [], empty: { without: [], elsewhere: 3 }, searched: 308, reading: false };
    return found(query);
  },
};

interface Range {
  since?: string;
  until?: string;
}

/** Of today, of two days of one month, and of none. */
function dated({ since = "0000", until = "9999" }: Range): unknown[] {
  const sessions = [SESSION, ...["2025-03-07", "2025-03-02"].map((day) => ({ ...SESSION, id: day, updated: `${day}T12:00:00Z` }))];
  const chosen = sessions.filter(({ updated }) => updated.slice(0, 10) >= since && updated.slice(0, 10) <= until);
  return since === "0000" ? [...chosen, { ...SESSION, id: "undated", updated: null }] : chosen;
}

function found(text: string): unknown {
  const hit = { event: 8, kind: "output", error: true, text: `🔒 ${text} here`, ranges: [[2, 2 + text.length]] };
  return { sessions: [{ session: SESSION, hits: [hit], total: 5 }], hits: 5, errors: [], empty: null, searched: 308, reading: false };
}

before(async () => {
  const path = join(folder, "daemon.sock");
  server = createServer((socket) => {
    sockets.push(socket);
    const connection: MessageConnection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
    for (const [method, answer] of Object.entries(answers)) {
      connection.onRequest(method, (params: never) => {
        asked.push({ method, params });
        return answer(params);
      });
    }
    connection.listen();
    connections.push(connection);
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
  const binary = join(folder, "opensession");
  writeFileSync(binary, `#!/bin/sh\necho "$*" >> ${calls}\necho ${path}\n`);
  chmodSync(binary, 0o755);
  host.settings["path"] = binary;
  activate(context as never);
  await until("the daemon is connected to", () => host.contexts["opensession.state"] === "ready");
});

after(() => {
  context.subscriptions.forEach((one) => one.dispose());
  sockets.forEach((socket) => socket.destroy());
  server?.close();
  rmSync(folder, { recursive: true });
});

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let trial = 0; trial < 400; trial += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`never: ${what}`);
}

async function search(words: string): Promise<Pick> {
  await commands.executeCommand("opensession.search");
  const pick = host.picks.at(-1) as Pick;
  pick.type(words);
  return pick;
}

const hits = (pick: Pick): Item[] => pick.items.filter((item) => "hit" in item && item.kind === undefined);

test("activation registers what the manifest offers, and only looks for a daemon", async () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { contributes: { commands: { command: string }[] } };
  for (const { command } of manifest.contributes.commands) assert.ok(host.commands.has(command), command);
  assert.deepEqual(host.said, []);
  await until("the status item counts", () => host.statusItem.text !== "");
  assert.equal(host.statusItem.text, "$(history) 14 · 1 live");
});

test("a search marks its matches, and is asked for with every letter", async () => {
  const pick = await search("lock poisoned");
  await until("hits", () => hits(pick).length === 1);
  assert.deepEqual(
    pick.items.map(({ label, description }) => [label.replace("$(blank) ", ""), description]),
    [["", undefined], ["Fix the flaky lock test", "Claude Code · now · live · 4 more"], ["🔒 «lock poisoned» here", "#8 output"]],
  );
  assert.equal(pick.activeItems[0], hits(pick)[0], "Enter opens the first hit");
  assert.ok(pick.items.every((item) => item.kind === -1 || item.alwaysShow === true), "the daemon's order is kept");
  pick.type("lock");
  await until("the next hits", () => pick.items.some(({ label }) => label.includes("🔒 lock here")));
  pick.accept();
  await until("the session opens", () => host.opened.at(-1)?.uri.authority === "session");
  assert.match(host.opened.at(-1)?.uri.path ?? "", /^\/4f2a91c7aa\/Fix the flaky lock test\.session$/);
});

test("a late answer is dropped, and an empty one says what was searched", async () => {
  const pick = await search("held one");
  await until("the first is asked for", () => held.has("held one"));
  pick.type("held two");
  await until("the second is asked for", () => held.has("held two"));
  held.get("held two")?.(found("two"));
  await until("the second's hits", () => pick.items.some(({ label }) => label.includes("two")));
  held.get("held one")?.(found("one"));
  pick.type("nothing");
  await until("the reason", () => pick.items[0]?.label === "No session matches");
  assert.equal(pick.items[0]?.detail, "Searched 308 sessions · in other repositories: 3");
  assert.ok(!pick.items.some(({ label }) => label.includes("one")));
  pick.hide();
});

test("a handoff opens for the session that is chosen, and is copied", async () => {
  host.choose = (items) => items.find((item) => "session" in item);
  await commands.executeCommand("opensession.handoff");
  const document = host.opened.at(-1);
  assert.equal(document?.uri.toString(), "opensession://handoff/4f2a91c7aa/handoff.md?standard");
  await commands.executeCommand("opensession.handoff.copy", document?.uri);
  assert.ok(host.said.includes("Copied"));
});

test("a handoff goes into the chat that is chosen, as that one takes it", async () => {
  const handoff = host.opened.at(-1)?.uri;
  const into = (): Promise<unknown> => commands.executeCommand("opensession.handoff.chat", handoff);
  const taken: unknown[][] = [];
  const chat = (name: string): void => void commands.registerCommand(name, (...parameters) => taken.push([name, ...parameters, host.editor?.selection.end.line]));
  let offered: string[] = [];
  const choose = (name: string | undefined): void => {
    host.choose = (items) => {
      offered = items.map(({ label }) => label);
      return items.find(({ label }) => label === name);
    };
  };
  const file = "file:///storage/handoff-4f2a91c7.md";

  await into();
  assert.match(env.clipboard.text, /^# Handoff/, "where there is no chat");
  for (const name of ["claude-code.insertAtMentioned", "chatgpt.addFileToThread"]) chat(name);
  choose("Codex");
  await into();
  assert.deepEqual(offered, ["Claude Code", "Codex"]);
  assert.equal(String(taken.at(-1)?.[1]), file);
  assert.match(host.files.get(file) ?? "", /^# Handoff/);
  for (const name of ["workbench.action.chat.open", "cline.addToChat"]) chat(name);
  choose("Cline");
  await into();
  assert.deepEqual(offered, ["The Editor's Chat", "Claude Code", "Codex", "Cline"]);
  assert.deepEqual(taken.at(-1), ["cline.addToChat", 2], "all of it is selected");
  choose("Claude Code");
  await into();
  assert.deepEqual([taken.at(-1), host.opened.at(-1)?.uri.toString()], [["claude-code.insertAtMentioned", 0], file]);
  choose("The Editor's Chat");
  await into();
  assert.deepEqual(taken.at(-1)?.[1], { query: host.files.get(file), isPartialQuery: true });
  const before = taken.length;
  choose(undefined);
  await into();
  assert.equal(taken.length, before, "nothing is chosen");
  host.opened.push(host.opened.splice(host.opened.findIndex(({ uri }) => uri === handoff), 1)[0] as Document);
});

test("what agents cannot be begun is not offered", async () => {
  let offered: string[] = [];
  host.choose = (items) => {
    offered = items.map(({ label }) => label);
    return undefined;
  };
  await commands.executeCommand("opensession.handoff.send", host.opened.at(-1)?.uri);
  assert.deepEqual(offered, ["Claude Code"]);
});

test("the tree counts months at once, and reads one when it is opened", async () => {
  interface Row {
    kind: string;
    group: { label: string; count: number };
    session: { id: string };
  }
  const roots = (await host.tree?.getChildren()) as Row[];
  assert.deepEqual(
    roots.map(({ group }) => [group.label, group.count]),
    [["Today", 1], ["March 2025", 2], ["No date", 1]],
  );
  const lists = (): number => asked.filter(({ method }) => method === "session/list").length;
  const before = lists();
  for (const times of [1, 1]) {
    const inside = (await host.tree?.getChildren(roots[1])) as Row[];
    assert.deepEqual(inside.map(({ session }) => session.id), ["2025-03-07", "2025-03-02"]);
    assert.equal(lists(), before + times);
  }
});

test("two rows are compared at once", async () => {
  const row = (id: string): unknown => ({ kind: "session", session: { ...SESSION, id } });
  await commands.executeCommand("opensession.diff", row("aaaa"), [row("aaaa"), row("bbbb")]);
  assert.equal(host.opened.at(-1)?.uri.path, "/aaaa/bbbb/diff.md");
});

test("a daemon that goes away is seen, and only a question starts it again", async () => {
  await host.tree?.getChildren();
  // The list would be read again a second after this.
  await Promise.all(connections.map((one) => one.sendNotification("session/update", { result: { type: "events", session: SESSION.id } })));
  await new Promise((resolve) => setTimeout(resolve, 50));
  server?.close();
  sockets.forEach((socket) => socket.destroy());
  await until("it is down", () => host.contexts["opensession.state"] === "down");
  await until("the status item warns", () => host.statusItem.text === "$(warning) OpenSession");
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal(startsOf(), 0);
  await Promise.all([1, 2].map(() => commands.executeCommand("opensession.handoff", SESSION.id)));
  assert.equal(startsOf(), 1, "two questions at once start it once");
});

const startsOf = (): number => readFileSync(calls, "utf8").split("\n").filter((line) => line === "daemon start").length;
