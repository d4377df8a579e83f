import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { candidates, lastWords } from "../src/daemon/binary";
import type { SearchAnswer, SessionInfo } from "../src/daemon/protocol";
import { around, isOnePlainTerm, marked, matchedWords, places, withoutIcons } from "../src/search/snippet";
import { group } from "../src/sessions/groups";
import * as text from "../src/text";

function session(id: string, updated: string | null, more: Partial<SessionInfo> = {}): SessionInfo {
  return { id, short_id: id, agent: "codex", title: id, updated, branch: null, repository: null, ...more } as SessionInfo;
}

test("matches are marked by code point, not by UTF-16 unit", () => {
  assert.equal(marked("🔒 잠금 순서", [[2, 4]]), "🔒 «잠금» 순서");
  assert.equal(marked("abc", [[0, 1], [2, 3]]), "«a»b«c»");
  assert.equal(marked("abc", [[2, 9], [-1, 0], [1, 1]]), "abc");
});

test("what a hit matched is found in the event's lines", () => {
  const words = matchedWords("🔒 Lock 잠금 lock", [[2, 6], [7, 9], [10, 14]]);
  assert.deepEqual(words, ["lock", "잠금"]);
  const lines = ["a lock", "#7 output", "  the LOCK, locked: 잠금", "lock"];
  assert.deepEqual(
    places(lines, 1, 2, words).map(({ line, start, end }) => lines[line]?.slice(start, end)),
    ["LOCK", "lock", "잠금"],
  );
  assert.deepEqual(places(lines, 3, 9, words, 1), [{ line: 3, start: 0, end: 4 }]);
  assert.deepEqual(places(lines, 0, 3, []), []);
});

test("a long hit is cut around its first match, by cells", () => {
  const long = `${"a".repeat(100)} lock ${"b".repeat(100)} lock`;
  const cut = around(long, [[101, 105], [207, 211]], 30);
  assert.equal(cut.text, `…${"a".repeat(7)} lock ${"b".repeat(15)}…`);
  assert.deepEqual(cut.ranges, [[9, 13]]);
  assert.deepEqual(around("short lock", [[6, 10]], 30), { text: "short lock", ranges: [[6, 10]] });
  const wide = around(`${"잠금".repeat(30)}lock`, [[60, 64]], 30);
  assert.equal(wide.text, `…${"잠금".repeat(6)}lock`);
  assert.deepEqual(wide.ranges, [[13, 17]]);
});

test("only one bare word is left to the list's own highlight", () => {
  assert.equal(isOnePlainTerm(" 잠금 "), true);
  for (const query of ["two words", '"phrase"', "agent:codex", "-not", "pre*", ""]) assert.equal(isOnePlainTerm(query), false, query);
});

test("an agent's text draws no icons", () => {
  assert.equal(withoutIcons("$(trash) $x").includes("$("), false);
});

test("sessions are grouped by day, and keep the daemon's order", () => {
  const now = new Date(2026, 10, 22, 12);
  const at = (month: number, day: number, hour = 9): string => new Date(2026, month - 1, day, hour).toISOString();
  const sessions = [
    session("a", at(11, 22)),
    session("b", at(11, 21, 23)),
    session("c", at(11, 18)),
    session("d", at(10, 4)),
    session("e", at(10, 3)),
    session("f", null),
  ];
  const groups = group(sessions, "day", now, (id) => id);
  assert.deepEqual(
    groups.map(({ label, sessions }) => [label, sessions.map(({ id }) => id).join("")]),
    [["Today", "a"], ["Yesterday", "b"], ["This Week", "c"], ["October 2026", "de"], ["No date", "f"]],
  );
  const branches = group([session("a", null, { branch: "main", repository: "app" }), session("b", null)], "branch", now, (id) => id);
  assert.deepEqual(branches.map(({ label }) => label), ["app@main", "No branch"]);
  assert.deepEqual(group(sessions, "agent", now, () => "Codex").map(({ label }) => label), ["Codex"]);
});

test("ages and numbers are written as everywhere", () => {
  const now = new Date(2026, 10, 22, 12);
  const before = (seconds: number): string => text.ago(new Date(now.getTime() - seconds * 1000).toISOString(), now);
  assert.deepEqual([5, 60, 7_200, 259_200].map(before), ["now", "1 minute ago", "2 hours ago", "3 days ago"]);
  assert.equal(before(40 * 86_400), "Oct 13");
  assert.equal(before(400 * 86_400), "2025-10-18");
  assert.deepEqual([7, 1_234, 48_200, 4_100_000].map(text.number), ["7", "1,234", "48.2k", "4.1M"]);
});

test("an empty answer says what was searched and which part to drop", () => {
  const answer = {
    sessions: [],
    searched: 308,
    reading: false,
    errors: [],
    hits: 0,
    empty: { elsewhere: 2, without: [{ part: '"rase condition"', sessions: 41, near: [{ value: "race" }] }] },
  } as unknown as SearchAnswer;
  assert.equal(
    text.whyEmpty(answer),
    'Searched 308 sessions · without "rase condition": 41 · did you mean race? · in other repositories: 2',
  );
});

test("the binary that the user set is the only candidate", () => {
  assert.deepEqual(candidates("~/bin/os", { PATH: "/usr/bin" }, "/home/mina"), ["/home/mina/bin/os"]);
  const found = candidates("", { PATH: "/opt/x:relative::/usr/bin" }, "/home/mina");
  assert.equal(found[0], "/opt/x/opensession");
  assert.ok(found.includes("/home/mina/.cargo/bin/opensession"));
  assert.ok(found.every((file) => file.startsWith("/")));
  assert.equal(new Set(found).size, found.length);
});

test("the daemon's own last words are told, without marks", () => {
  const said = "error: the daemon did not start within 5s\n  its last words: error: cannot open local.db: disk full\nhint: look into its log\n";
  assert.equal(lastWords(said), "cannot open local.db: disk full");
  assert.equal(lastWords("error: no such flag\nhint: --help\n"), "no such flag --help");
});

test("every text has its translation, and the manifest every title", () => {
  const source = readFileSync("src/text.ts", "utf8");
  const used = [...source.matchAll(/\bt\((?:"((?:[^"\\]|\\.)*)"|'([^']*)')/g)].map((match) => match[1] ?? match[2] ?? "");
  assert.ok(used.length > 80, String(used.length));
  const korean = JSON.parse(readFileSync("l10n/bundle.l10n.ko.json", "utf8")) as Record<string, string>;
  assert.deepEqual(used.filter((words) => !(words in korean)), []);
  assert.deepEqual(Object.keys(korean).filter((words) => !used.includes(words)), []);
  for (const [words, translated] of Object.entries(korean)) {
    const places = (value: string): string => (value.match(/\{\d\}/g) ?? []).sort().join();
    assert.equal(places(translated), places(words), words);
  }
  const manifest = readFileSync("package.json", "utf8");
  const wanted = [...manifest.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]);
  for (const file of ["package.nls.json", "package.nls.ko.json"]) {
    const known = Object.keys(JSON.parse(readFileSync(file, "utf8")) as object);
    assert.deepEqual([...new Set(wanted)].sort(), known.sort(), file);
  }
});

test("every command of the manifest is registered", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { contributes: { commands: { command: string }[] } };
  const source = readFileSync("src/extension.ts", "utf8");
  const registered = [...source.matchAll(/command\("([\w.]+)"/g)].map((match) => `opensession.${match[1]}`);
  for (const { command } of manifest.contributes.commands) assert.ok(registered.includes(command), command);
});
