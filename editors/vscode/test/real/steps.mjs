// What a person does, one step after the other; each begins where the one before it ended.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const STATUS = ".statusbar-item[id='opensession.opensession.opensession']";
const TREE = ".pane-body .monaco-list-row";
const TAB = ".tab.active";

export const steps = {
  "without the binary, the view says how to get it": async (editor) => {
    // Its steps are ticked as they are done.
    await walkthrough(editor);
    await editor.see(STATUS, "OpenSession");
    await editor.run("OpenSession: Browse Sessions");
    await editor.see(".welcome-view", "was not found");
    assert.equal(await editor.page.locator(".notification-toast").count(), 0, "no toast at activation");
    await editor.picture("missing");
  },

  "an installed binary is found without a reload, and the daemon starts": async (editor, home) => {
    home.install();
    await editor.run("OpenSession: Browse Sessions");
    await editor.run("OpenSession: Daemon Status");
    await editor.row("running");
    await editor.picture("status");
    await editor.press("Escape");
    await editor.see(TREE, "lock test");
    await editor.see(STATUS, "2");
    await editor.picture("tree");
  },

  "a search finds as one types, previews, and Esc brings back what was open": async (editor) => {
    await openFile(editor, "lock.rs");
    await editor.ask("OpenSession: Search Sessions", "Search Sessions");
    await editor.type("lock poisoned");
    await editor.row("«lock»");
    await editor.see(".tab.active", /lock test|session/);
    await editor.picture("search");
    const rows = await editor.rows();
    assert.ok(rows.some((row) => row.includes("#")), rows.join("\n"));
    await editor.press("Escape");
    await editor.see(TAB, "lock.rs");
    await editor.until("the file is back", async () => (await editor.text()).includes("pub struct Lock"));
    await editor.picture("search-escaped");
  },

  "Enter opens at the event, folded but for it": async (editor) => {
    await editor.ask("OpenSession: Search Sessions", "Search Sessions");
    await editor.type("kind:output panicked");
    await editor.row("panicked");
    await editor.press("Enter");
    await editor.see(TAB, "lock test");
    await editor.until("the hit is in sight", async () => (await editor.text()).includes("panicked at src/lock.rs:5:9"));
    await editor.see(".detected-link", "src/lock.rs:5");
    await editor.picture("session");
  },

  "a query is saved, and searched with again": async (editor) => {
    const saved = async () => {
      await editor.page.locator(".quick-input-titlebar .codicon-bookmark").click();
      await editor.see(".quick-input-title", "Saved Queries");
    };
    await editor.ask("OpenSession: Search Sessions", "Search Sessions");
    await editor.type("is:error lock");
    await editor.row("lock test");
    await saved();
    await editor.row("kind:output panicked");
    await (await editor.row("Save is:error lock")).click();
    await editor.see(".quick-input-title", "Save the query");
    await editor.type("broken locks");
    await editor.press("Enter");
    await editor.see(".statusbar", "Saved broken locks");
    await editor.press("Escape");
    await editor.ask("OpenSession: Search Sessions", "Search Sessions");
    await saved();
    await editor.picture("saved");
    await (await editor.row("broken locks")).click();
    await editor.see(".quick-input-title", "Search Sessions");
    await editor.until("the query", async () => (await editor.page.locator(".quick-input-widget input").inputValue()) === "is:error lock");
    await editor.row("lock test");
    await editor.press("Escape");
  },

  "an empty answer says what was searched": async (editor) => {
    await editor.ask("OpenSession: Search Sessions", "Search Sessions");
    await editor.type("zebrafish");
    await editor.row("No session matches");
    await editor.picture("search-empty");
    await editor.press("Escape");
  },

  "keys go from prompt to prompt, and to failures": async (editor) => {
    await editor.page.locator(".editor-group-container.active .view-lines").first().click();
    await editor.press("Control+Home", "Alt+]", "Alt+]");
    await editor.until("the second prompt", async () => (await currentLine(editor)).includes("백 번"));
    await editor.press("Alt+[");
    await editor.until("the first prompt", async () => (await currentLine(editor)).includes("fails one time in ten"));
    await editor.press("F8");
    await editor.until("the failure", async () => (await currentLine(editor)).includes("output  failed"));
  },

  "an edit opens in the diff editor": async (editor) => {
    // The call in which the cursor is would stay open.
    await editor.press("Control+Home");
    await editor.run("Fold Level 2");
    // Lenses are drawn anew while what is below them folds: a click may meet one that is just taken away.
    await editor.until("the diff", async () => {
      await (await editor.see(".codelens-decoration a", "Open Diff")).click();
      return editor.soon(".monaco-diff-editor");
    });
    await editor.see(TAB, "lock.rs");
    await editor.page.waitForTimeout(500);
    await editor.picture("edit");
  },

  "a handoff opens from the palette; Enter takes the newest session": async (editor) => {
    await openFile(editor, "lock.rs");
    await editor.ask("OpenSession: Handoff Summary", "Handoff Summary");
    await editor.row("lock test");
    await editor.picture("pick");
    await editor.press("Enter");
    await editor.see(TAB, "handoff.md");
    await editor.see(".codelens-decoration", "Copy");
    await editor.until("its text", async () => (await editor.text()).includes("Objective"));
    // Its colours come when the editor has woken up for Markdown.
    await editor.page.waitForTimeout(1_500);
    await editor.picture("handoff");
  },

  "the handoff's actions": async (editor) => {
    await editor.run("OpenSession: Copy Handoff");
    await editor.see(".statusbar", "Copied");
    await editor.run("OpenSession: Insert Handoff into Chat");
    await editor.page.waitForTimeout(1_500);
    await editor.picture("handoff-chat");
    await dismiss(editor);
    await openTab(editor, "handoff.md");
    await editor.ask("OpenSession: Change the Handoff's Budget", "Budget");
    await editor.type("brief");
    await editor.press("Enter");
    await editor.see(".codelens-decoration", "Budget: brief");
    await editor.ask("OpenSession: Send Handoff to Agent…", "Send");
    await editor.row("Claude Code");
    await editor.picture("send");
    await editor.type("Codex");
    await editor.press("Enter");
    await editor.see(".terminal-wrapper.active .xterm-rows", "codex got");
    await editor.picture("sent");
    await editor.run("Terminal: Kill the Active Terminal Instance");
  },

  "a session resumes in a terminal": async (editor) => {
    await openFile(editor, "lock.rs");
    await editor.ask("OpenSession: Resume in Terminal", "Resume");
    await editor.row("lock test");
    await editor.press("Enter");
    await editor.see(".terminal-wrapper.active .xterm-rows", "claude --resume 0b9c2f7e");
    await editor.picture("resume");
    await editor.run("Terminal: Kill the Active Terminal Instance");
  },

  "a session is exported": async (editor, home) => {
    await openFile(editor, "lock.rs");
    await editor.ask("OpenSession: Export Session", "Export");
    await editor.row("lock test");
    await editor.press("Enter");
    await editor.row("HTML");
    await editor.type("Markdown");
    await editor.press("Enter");
    await editor.until("the dialog", async () => (await editor.page.locator(".quick-input-widget input").inputValue()).endsWith(".md"));
    const file = await editor.page.locator(".quick-input-widget input").inputValue();
    await editor.picture("export");
    await editor.press("Enter");
    await editor.see(".statusbar", "Exported");
    assert.ok(file.startsWith(home.app), file);
    assert.match(readFileSync(file, "utf8"), /lock test/);
  },

  "two sessions are compared": async (editor) => {
    await editor.ask("OpenSession: Diff Sessions", "the first");
    await editor.row("lock test");
    await editor.press("Enter");
    await editor.see(".quick-input-title", "to compare with");
    await editor.row("Codex");
    await editor.press("Enter");
    await editor.see(TAB, "diff.md");
    await editor.until("its text", async () => (await editor.text()).includes("Objective"));
    await editor.picture("diff");
  },

  "a file tells who touched it": async (editor) => {
    await openFile(editor, "lock.rs");
    await editor.see(".codelens-decoration", "1 session · last: Claude Code");
    await editor.run("OpenSession: Who Touched This File");
    await editor.see(".quick-input-list .monaco-list-row.focused", "1 edit");
    await editor.picture("who");
    await editor.press("Escape");
    await editor.page.locator(".view-line span", { hasText: "take" }).last().hover();
    await editor.see(".monaco-hover", "Open at Event");
    await editor.picture("hover");
    await editor.press("Escape");
    await editor.ask("OpenSession: Who Touched This File", "Sessions that changed");
    await editor.see(".quick-input-list .monaco-list-row.focused", "1 edit");
    await editor.press("Enter");
    await editor.see(TAB, "lock test");
    await editor.until("the edit is in sight", async () => (await editor.text()).includes("PoisonError"));
    await editor.picture("session-at-edit");
  },

  "a live session changes in place, and its document goes on without moving": async (editor, home) => {
    home.claude.live();
    home.claude.prompt("And once more, live.");
    await editor.see(TREE, "live");
    await editor.see(STATUS, "1 live");
    await editor.picture("live");
  },

  "the daemon's end is seen, its log opens, and the next question starts it": async (editor, home) => {
    home.opensession("daemon", "stop");
    await editor.see(STATUS, "OpenSession");
    await editor.see(".pane-body .message", "does not run");
    await editor.picture("down");
    await editor.ask("OpenSession: Search Sessions", "Search Sessions");
    await editor.type("poisoned");
    await editor.row("poisoned");
    await editor.press("Escape");
    await editor.run("OpenSession: Restart Daemon");
    await editor.see(".statusbar", "The daemon runs");
    await editor.run("OpenSession: Show Log");
    await editor.see(TAB, "daemon.log");
    await editor.picture("log");
  },

  "the walkthrough": async (editor) => {
    await walkthrough(editor);
    for (const done of ["Find the Binary", "See Your Sessions", "Search", "Hand Off", "What Leaves This Machine"]) {
      await editor.see(".getting-started-step:has(.getting-started-step-checked), .getting-started-step:has(.codicon-getting-started-step-checked)", done);
    }
    await editor.see(".gettingStartedContainer", "Find the Binary");
    await editor.page.waitForTimeout(700);
    await editor.picture("walkthrough");
  },
};

async function openFile(editor, name) {
  await editor.press("Control+p");
  await editor.page.locator(".quick-input-widget input").fill(name);
  await editor.see(".quick-input-list .monaco-list-row.focused", name);
  await editor.press("Enter");
  await editor.see(TAB, name);
}

async function walkthrough(editor) {
  await editor.run("Welcome: Open Walkthrough...");
  await editor.see(".quick-input-widget input[type=text]:focus");
  await editor.type("OpenSession");
  await editor.see(".quick-input-list .monaco-list-row.focused", "OpenSession: find");
  await editor.press("Enter");
  await editor.see(".gettingStartedContainer", "Find the Binary");
}

async function openTab(editor, name) {
  await editor.page.locator(".tab", { hasText: name }).first().click();
  await editor.see(TAB, name);
}

/** Closes what was said and what a command opened beside the editor. */
async function dismiss(editor) {
  await editor.run("Notifications: Clear All Notifications");
  await editor.run("View: Hide Secondary Side Bar").catch(() => editor.press("Escape"));
}

/** The line in which the cursor is. */
async function currentLine(editor) {
  return editor.page.evaluate(() => {
    const cursor = document.querySelector(".editor-group-container.active .cursors-layer .cursor");
    const top = cursor?.style.top;
    const lines = [...document.querySelectorAll(".editor-group-container.active .view-line")];
    return (lines.find((line) => line.style.top === top)?.textContent ?? "").replaceAll("\u00a0", " ");
  });
}
