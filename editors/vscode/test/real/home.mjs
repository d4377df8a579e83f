// A home directory with two sessions of its own, and a repository that they worked in.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LOCK = "pub struct Lock;\n\nimpl Lock {\n    pub fn take(&self) {\n        self.inner.lock();\n    }\n}\n";

/** `root` holds everything; `env` is what programs run in it with. `agents` is another home whose sessions are read too. */
export function makeHome(binary, agents) {
  // The system's folder for temporary files may have a path too long for a socket.
  const root = mkdtempSync("/tmp/os-vscode-");
  const at = (...names) => join(root, ...names);
  for (const folder of ["home/.local/bin", "home/app/src", "run", "home/.codex/sessions/2026/11/19"]) {
    mkdirSync(at(folder), { recursive: true, mode: 0o700 });
  }
  const app = at("home/app");
  writeFileSync(join(app, "src/lock.rs"), LOCK);
  const git = (...words) => execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...words], { cwd: app });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-qm", "Begin");
  const projects = at("home/.claude/projects");
  mkdirSync(projects, { recursive: true });
  if (agents !== undefined) copy(join(agents, ".claude/projects"), projects);
  const slug = join(projects, app.replace(/[^A-Za-z0-9]/g, "-"));
  mkdirSync(slug);
  const claude = new Claude(join(slug, "0b9c2f7e-1111-4222-8333-444455556666.jsonl"), app);
  claude.prompt("The lock test fails one time in ten. Find out why.", minutesAgo(70));
  claude.says("I run the test until it fails.");
  claude.call("Bash", { command: "cargo test lock" }, output(), { isError: true });
  claude.edit(join(app, "src/lock.rs"), "        self.inner.lock();", "        self.inner.lock().unwrap_or_else(PoisonError::into_inner);");
  claude.call("Bash", { command: "cargo test lock" }, "test lock ... ok\n\ntest result: ok. 1 passed");
  claude.prompt("백 번 돌려 봐: run it a hundred times", minutesAgo(60));
  claude.says("A hundred runs, none failed. The lock was poisoned; see src/lock.rs:5.");
  writeFileSync(at("home/.codex/sessions/2026/11/19/rollout-2026-11-19T03-00-00-019a0000-0000-7000-8000-000000000001.jsonl"), codex(app));
  // An agent to resume with: it says what it was called with.
  writeFileSync(at("home/.local/bin/claude"), '#!/bin/sh\necho "claude $*"\nsleep 60\n', { mode: 0o755 });
  writeFileSync(at("home/.local/bin/codex"), '#!/bin/sh\necho "codex got: $1" | head -c 300\nsleep 60\n', { mode: 0o755 });
  const env = {
    HOME: at("home"),
    PATH: `${at("home/.local/bin")}:/usr/local/bin:/usr/bin:/bin`,
    LANG: "C.UTF-8",
    TZ: "UTC",
    SHELL: "/bin/sh",
    XDG_RUNTIME_DIR: at("run"),
    XDG_DATA_HOME: at("data"),
    XDG_STATE_HOME: at("state"),
    XDG_CONFIG_HOME: at("config"),
  };
  return {
    root,
    app,
    env,
    claude,
    install: () => symlinkSync(binary, at("home/.local/bin/opensession")),
    opensession: (...words) => execFileSync(binary, words, { env, encoding: "utf8", cwd: app }),
  };
}

/** As links to the same files, where both lie in one file system. */
function copy(from, to) {
  try {
    execFileSync("cp", ["-al", `${from}/.`, to], { stdio: "ignore" });
  } catch {
    execFileSync("cp", ["-a", `${from}/.`, to]);
  }
}

const minutesAgo = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

function output() {
  const lines = Array.from({ length: 260 }, (_, line) => `test case_${line} ... ok`);
  return ["running 261 tests", "thread 'main' panicked at src/lock.rs:5:9: lock poisoned", ...lines].join("\n");
}

/** Writes as Claude Code does. */
class Claude {
  #parent = null;
  #count = 0;
  #time = Date.now() - 70 * 60_000;

  constructor(path, cwd) {
    this.path = path;
    this.cwd = cwd;
  }

  prompt(text, time) {
    if (time !== undefined) this.#time = Date.parse(time);
    this.#line({ type: "user", message: { role: "user", content: text } });
  }

  says(text) {
    this.#line({ type: "assistant", message: assistant([{ type: "text", text }]) });
  }

  call(name, input, content, { isError = false, more = {} } = {}) {
    const id = `toolu_${String(this.#count).padStart(4, "0")}`;
    this.#line({ type: "assistant", message: assistant([{ type: "tool_use", id, name, input }]) });
    const result = { tool_use_id: id, type: "tool_result", content, is_error: isError };
    this.#line({ type: "user", message: { role: "user", content: [result] }, ...more });
  }

  edit(filePath, oldString, newString) {
    const lines = [` pub fn take(&self) {`, `-${oldString}`, `+${newString}`, ` }`];
    const structuredPatch = [{ oldStart: 4, oldLines: 3, newStart: 4, newLines: 3, lines }];
    const more = { toolUseResult: { filePath, oldString, newString, structuredPatch } };
    this.call("Edit", { file_path: filePath, old_string: oldString, new_string: newString }, "The file has been updated.", { more });
  }

  #line(record) {
    this.#count += 1;
    this.#time += 4_000;
    const uuid = `00000000-0000-4000-8000-${String(this.#count).padStart(12, "0")}`;
    const head = { parentUuid: this.#parent, isSidechain: false, userType: "external", cwd: this.cwd };
    const whole = { ...head, sessionId: "0b9c2f7e-1111-4222-8333-444455556666", version: "2.1.39", gitBranch: "main", ...record, uuid };
    writeFileSync(this.path, `${JSON.stringify({ ...whole, timestamp: new Date(this.#time).toISOString() })}\n`, { flag: "a" });
    this.#parent = uuid;
  }

  /** From now on, what is written is of now. */
  live() {
    this.#time = Date.now() - 4_000;
  }
}

function assistant(content) {
  return { model: "opus-4", id: "msg_1", type: "message", role: "assistant", content, usage: { input_tokens: 12, output_tokens: 30 } };
}

function codex(cwd) {
  const timestamp = minutesAgo(3 * 24 * 60);
  const payload = { id: "019a0000-0000-7000-8000-000000000001", timestamp, cwd, originator: "codex_cli_rs", cli_version: "0.169.0", git: { branch: "main" } };
  const said = (role, type, text) => ({ timestamp, type: "response_item", payload: { type: "message", role, content: [{ type, text }] } });
  return [
    { timestamp, type: "session_meta", payload },
    said("user", "input_text", "잠금 순서를 바꿔 줘: lock 순서 때문에 panicked 됩니다"),
    { timestamp, type: "event_msg", payload: { type: "user_message", message: "잠금 순서를 바꿔 줘: lock 순서 때문에 panicked 됩니다" } },
    said("assistant", "output_text", "순서를 바꿨습니다."),
  ]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join("");
}
