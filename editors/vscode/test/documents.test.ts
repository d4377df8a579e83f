import assert from "node:assert/strict";
import { test } from "node:test";
import {
  daemonAddress,
  handoffParts,
  readDaemonAddress,
  readHandoffParts,
  readSessionParts,
  sessionParts,
} from "../src/documents/address";
import { citations, eventLines, folds, isPrompt, lineOf, links, neighbour } from "../src/documents/outline";

const LINES = `session 4f2a91c7  Fix the flaky lock test  live
  Claude Code, opus-4, app@main, 2026-11-22 14:05 +09:00

#1 you 14:05  The lock test fails one time in ten.

  Find out why.
  #3 thinking
    Let me look.
  #7 Bash  cargo test lock
  #8 output  failed, exit 101, 4.1s
    #2 not an event, but output that looks like one
    thread 'main' panicked
    … 212 more lines: opensession://session/4f2a91c7aa#8

#9 you 14:31  Run it a hundred times
  #12 edit  src/lock.rs +2 -1
    @@ -88 +88 @@
    #13 Bash  within a subagent`.split("\n");

test("events are found where they begin, and nothing that looks like one", () => {
  const events = eventLines(LINES);
  assert.deepEqual(
    events.map(({ event, line, label }) => [event, line, label]),
    [
      [1, 3, "you"],
      [3, 6, "thinking"],
      [7, 8, "Bash"],
      [8, 9, "output"],
      [9, 14, "you"],
      [12, 15, "edit"],
      [13, 17, "Bash"],
    ],
  );
  assert.equal(events[0]?.rest, "The lock test fails one time in ten.");
  assert.deepEqual(events.filter(({ failed }) => failed).map(({ event }) => event), [8]);
});

test("turns fold, and bodies within them", () => {
  assert.deepEqual(folds(LINES, eventLines(LINES)), [
    { start: 3, end: 12 },
    { start: 6, end: 7 },
    { start: 9, end: 12 },
    { start: 14, end: 17 },
    { start: 15, end: 16 },
  ]);
});

test("an event that is not shown is looked for at the one before it", () => {
  const events = eventLines(LINES);
  assert.equal(lineOf(events, 8), 9);
  assert.equal(lineOf(events, 11), 14);
  assert.equal(lineOf(events, 0), undefined);
});

test("prompts are gone to in both directions", () => {
  const events = eventLines(LINES);
  assert.equal(neighbour(events, 3, 1, isPrompt), 14);
  assert.equal(neighbour(events, 14, -1, isPrompt), 3);
  assert.equal(neighbour(events, 14, 1, isPrompt), undefined);
});

test("links are where the daemon's addresses are", () => {
  const [link] = links(LINES);
  assert.deepEqual([link?.line, link?.address], [12, "opensession://session/4f2a91c7aa#8"]);
  assert.equal(LINES[12]?.slice(link?.start, link?.end), link?.address);
});

test("citations of a handoff are found one by one", () => {
  const line = "- lint: failed [#99] [#100], [4f2a91c7#7, b81d03e2#8], not #5 nor [x]";
  assert.deepEqual(
    citations([line]).map(({ session, event, start, end }) => [session, event, line.slice(start, end)]),
    [
      [undefined, 99, "#99"],
      [undefined, 100, "#100"],
      ["4f2a91c7", 7, "4f2a91c7#7"],
      ["b81d03e2", 8, "b81d03e2#8"],
    ],
  );
});

test("addresses are read as they are written", () => {
  for (const address of [{ session: "4f2a" }, { session: "4f2a", event: 7 }, { session: "4f2a", from: 900 }]) {
    assert.deepEqual(readSessionParts(sessionParts(address, "a/b\n잠금 #1?")), address);
  }
  assert.equal(sessionParts({ session: "4f2a" }, "a/b").path, "/4f2a/a b.session");
  assert.deepEqual(readDaemonAddress("opensession://session/4f2a#131"), { session: "4f2a", event: 131 });
  assert.deepEqual(readDaemonAddress(daemonAddress("4f2a")), { session: "4f2a" });
  for (const wrong of ["file:///x", "opensession://session/", "opensession://session/../x", "opensession://session/a#b"]) {
    assert.equal(readDaemonAddress(wrong), undefined, wrong);
  }
  assert.deepEqual(readHandoffParts(handoffParts("4f2a", "brief")), { session: "4f2a", budget: "brief" });
  assert.equal(readHandoffParts(sessionParts({ session: "4f2a" }, "x")), undefined);
});
