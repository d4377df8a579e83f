import assert from "node:assert/strict";
import { test } from "node:test";
import {
  daemonAddress,
  diffParts,
  editParts,
  handoffParts,
  readDaemonAddress,
  readDiffParts,
  readEditParts,
  readHandoffParts,
  readSessionParts,
  sessionParts,
} from "../src/documents/address";
import type { DocumentEvent } from "../src/daemon/protocol";
import { citations, comparedCitations, folds, hasFailed, isEdit, isPrompt, lineOf, neighbour, sides, turnEnd } from "../src/documents/outline";

/** What the daemon tells of a text in which #7 lies within a sub-agent and #6 is not shown. */
const OUTLINE: DocumentEvent[] = [
  { event: 1, line: 3, last: 5, kind: "prompt" },
  { event: 3, line: 6, last: 7, kind: "thinking" },
  { event: 4, line: 8, last: 8, kind: "command" },
  { event: 5, line: 9, last: 12, kind: "output", failed: true },
  { event: 9, line: 14, last: 14, kind: "prompt" },
  { event: 12, line: 15, last: 16, kind: "edit", path: "src/lock.rs" },
  { event: 13, line: 17, last: 17 },
];

test("turns fold, and bodies within them", () => {
  assert.deepEqual(folds(OUTLINE), [
    { start: 3, end: 12 },
    { start: 6, end: 7 },
    { start: 9, end: 12 },
    { start: 14, end: 17 },
    { start: 15, end: 16 },
  ]);
  assert.equal(turnEnd(OUTLINE, 0), 12);
  assert.deepEqual(folds([]), []);
});

test("an event that is not shown is looked for at the one before it", () => {
  assert.equal(lineOf(OUTLINE, 5), 9);
  assert.equal(lineOf(OUTLINE, 11), 14);
  assert.equal(lineOf(OUTLINE, 0), undefined);
});

test("prompts, failures and edits are gone to", () => {
  assert.equal(neighbour(OUTLINE, 3, 1, isPrompt), 14);
  assert.equal(neighbour(OUTLINE, 14, -1, isPrompt), 3);
  assert.equal(neighbour(OUTLINE, 14, 1, isPrompt), undefined);
  assert.equal(neighbour(OUTLINE, 3, 1, hasFailed), 9);
  assert.equal(neighbour(OUTLINE, 0, 1, isEdit), 15);
});

test("an edit has two sides", () => {
  const diff = "@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -9 +9 @@\n-d\n\\ No newline at end of file\n+e\n";
  assert.deepEqual(sides(diff), { before: "a\nb\n\n…\n\nd", after: "a\nc\n\n…\n\ne" });
  assert.deepEqual(sides("@@ -0,0 +1 @@\n+new"), { before: "", after: "new" });
});

test("citations of a comparison belong to the side that they stand under", () => {
  const lines = [
    "A, first prompt [#1]:",
    "B, last words [#14]:",
    "  - A: test `x B: y`: ok [#8] [#9]",
    "- `go`: A 2 runs [#8]; B 1 run [#11]",
    "Only B, 1:",
    "- `rg A: x`: ok [#4]",
    "Both, 1:",
  ];
  assert.deepEqual(
    comparedCitations(lines, "aa", "bb").map(({ session, event }) => `${session}#${event}`),
    ["aa#1", "bb#14", "aa#8", "aa#9", "aa#8", "bb#11", "bb#4"],
  );
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
  assert.deepEqual(readDiffParts(diffParts("4f2a", "b81d")), { a: "4f2a", b: "b81d" });
  assert.deepEqual(readEditParts(editParts("4f2a", 12, "after", "src/lock.rs")), { session: "4f2a", event: 12, side: "after" });
  assert.equal(editParts("4f2a", 12, "before", "src/lock.rs").path, "/4f2a/12/before/lock.rs");
  assert.equal(readHandoffParts(sessionParts({ session: "4f2a" }, "x")), undefined);
});
