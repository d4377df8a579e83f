// The figures, taken in the page itself: from the key to the frame in which the answer stands.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const BARS = { activation: 50, handoff: 300, keystroke: 50 };
const STATUS = ".statusbar-item[id='opensession.opensession.opensession']";
const ACTIVATIONS = 5;
const WORDS = ["checkpoint", "race condition", "manual commit", "session", "strategy"];

export async function measure(editor, home) {
  await editor.see(STATUS, /\d/);
  const activations = [await activation(editor)];
  while (activations.length < ACTIVATIONS) {
    await editor.page.reload();
    await editor.see(STATUS, /\d/);
    activations.push(await activation(editor));
  }
  print("activation as the editor says, with what loads beside it (ms)", activations, BARS.activation);
  print("activation of the extension itself, its modules included (ms)", traced(home, /loaded in ([\d.]+) ms, activated in ([\d.]+) ms/g), BARS.activation);
  const handoffs = [];
  for (let round = 0; round < 7; round += 1) handoffs.push(await handoff(editor));
  print("palette to handoff (ms)", handoffs, BARS.handoff);
  // What a keystroke costs on this machine now, where neither extension nor daemon is asked.
  print("keystroke in the command palette, for comparison (ms)", await typed(editor, "developer reload"), BARS.keystroke);
  const keys = [];
  for (const words of WORDS) keys.push(...(await search(editor, words)));
  print("keystroke to results (ms)", keys, BARS.keystroke);
  print("of it, the daemon's answer (ms)", traced(home, /search\/query ([\d.]+) ms$/gm), BARS.keystroke);
  await editor.picture("measured");
}

function print(what, figures, bar) {
  if (figures.length === 0) throw new Error(`no figure: ${what}`);
  const sorted = figures.toSorted((one, other) => one - other);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(1);
  console.log(`${what}: p50 ${at(0.5)}, p90 ${at(0.9)}, most ${at(1)} of ${sorted.length}; bar ${bar}`);
}

/** What the extension wrote of itself: the sum of each line's figures. */
function traced(home, figures) {
  const folder = join(home.root, "code-data/logs");
  const logs = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith("OpenSession.log"));
  const lines = logs.map((name) => readFileSync(join(folder, name), "utf8")).join("");
  return [...lines.matchAll(figures)].map(([, ...found]) => found.reduce((sum, figure) => sum + Number(figure), 0));
}

/** As the editor itself says. */
async function activation(editor) {
  await editor.run("Developer: Show Running Extensions");
  const row = editor.page.locator(".runtime-extensions-editor .monaco-list-row").filter({ hasText: "OpenSession" }).first();
  await (await editor.see(".runtime-extensions-editor .monaco-list-row")).hover();
  // The slowest come first.
  await editor.until("our row", async () => {
    await editor.page.mouse.wheel(0, 250);
    return row.isVisible();
  });
  await editor.until("the time", async () => /Activation/.test(await row.innerText()));
  await editor.picture("running-extensions");
  const words = await row.innerText();
  await editor.press("Escape");
  await editor.run("View: Close All Editors");
  return Number(/Activation: (\d+)ms/.exec(words)?.[1] ?? Number.NaN);
}

/** The command's Enter, and Enter on the newest session: both together. */
async function handoff(editor) {
  await editor.press("F1");
  await editor.page.locator(".quick-input-widget input").fill(">OpenSession: Handoff Summary");
  await editor.see(".quick-input-list .monaco-list-row.focused", "OpenSession: Handoff Summary");
  const listed = await editor.timed("Enter", () => {
    const title = document.querySelector(".quick-input-widget .quick-input-title")?.textContent ?? "";
    return title.includes("Handoff") && document.querySelector(".quick-input-list .monaco-list-row.focused") !== null;
  });
  const shown = await editor.timed("Enter", () => {
    const tab = document.querySelector(".tab.active")?.textContent ?? "";
    const lines = document.querySelector(".editor-group-container.active .view-lines")?.textContent ?? "";
    return tab.includes("handoff.md") && lines.replaceAll("\u00a0", " ").includes("Handoff");
  });
  await editor.run("View: Close All Editors");
  return listed + shown;
}

async function search(editor, words) {
  await editor.ask("OpenSession: Search Sessions", "Search Sessions");
  await editor.see(".quick-input-list .monaco-list-row");
  const took = await keystrokes(editor, words);
  await editor.press("Escape");
  return took;
}

async function typed(editor, words) {
  await editor.press("F1");
  await editor.see(".quick-input-list .monaco-list-row");
  const took = await keystrokes(editor, words);
  await editor.press("Escape");
  return took;
}

/** Milliseconds from each letter until the list looks otherwise; letters that change nothing are left out. */
async function keystrokes(editor, words) {
  const took = [];
  for (const letter of words) {
    const before = await editor.page.evaluate(() => document.querySelector(".quick-input-list")?.textContent);
    const key = letter === " " ? "Space" : letter;
    const time = editor.timed(
      key,
      (was) => document.querySelector(".quick-input-list")?.textContent !== was,
      before,
    );
    const rest = new Promise((resolve) => setTimeout(() => resolve(undefined), 1_000));
    const figure = await Promise.race([time, rest]);
    if (figure !== undefined) took.push(figure);
    // As one types: the preview comes when one rests.
    await editor.page.waitForTimeout(80);
  }
  return took;
}
