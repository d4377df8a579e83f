#!/usr/bin/env python3
"""Runs real coding agents against a scripted model, and shows that their sessions are found while they run.

For each agent that is on the PATH: a home of its own, a git project, a daemon, the model on loopback. The agent is given
a prompt with a word that stands nowhere else, and the model asks it to run a command that takes some seconds, to write a
file and to read it. Meanwhile, and afterwards, the daemon is asked over its socket:

  found      the prompt's word is found, after so many seconds, while the agent still runs
  grew       the session has more events later than it had then
  whole      at the end it holds the prompt, the file's name and the agent's closing words

usage: run.py --opensession PROGRAM [--only AGENT,…] [--require AGENT,…] [--keep FOLDER] [--isolated]

--isolated runs everything in a network namespace that has loopback alone (needs root), so that nothing leaves the
machine. Exit status 1 when an agent that was run is not followed as above, or one that is required is not there.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLOSING = "Done: the zebrafish file is written and checked."
COMMAND = "sleep 4; echo zebrafish-ran"

OPENCODE = {"provider": {"mock": {"npm": "@ai-sdk/openai-compatible", "name": "mock",
            "options": {"baseURL": "{model}/v1", "apiKey": "x"}, "models": {"mock-1": {"name": "mock-1"}}}},
            "model": "mock/mock-1", "small_model": "mock/mock-1", "autoupdate": False, "share": "disabled"}
CODEX = """model = "mock-1"
model_provider = "mock"
approval_policy = "never"
sandbox_mode = "danger-full-access"
[model_providers.mock]
name = "mock"
base_url = "{model}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
"""
PI = {"providers": {"mock": {"baseUrl": "{model}/v1", "apiKey": "x", "api": "openai-completions",
      "models": [{"id": "mock-1", "name": "mock-1", "reasoning": False, "input": ["text"], "contextWindow": 128000,
                  "maxTokens": 4096, "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}}]}}}
GEMINI = {"security": {"auth": {"selectedType": "gemini-api-key"}}}

# Agent: its programs (the first that is there), files below its home, variables, arguments. `{model}`, `{prompt}` and
# `{project}` are filled in.
AGENTS = {
    "claude-code": {
        "programs": ["claude"],
        "variables": {"ANTHROPIC_BASE_URL": "{model}", "ANTHROPIC_API_KEY": "x", "IS_SANDBOX": "1",
                      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"},
        "arguments": ["-p", "{prompt}", "--dangerously-skip-permissions"],
    },
    "codex": {
        "programs": ["codex"],
        "files": {".codex/config.toml": CODEX},
        "variables": {"OPENAI_API_KEY": "x"},
        "arguments": ["exec", "--skip-git-repo-check", "--json", "{prompt}"],
    },
    "opencode": {
        "programs": ["opencode"],
        "files": {".config/opencode/opencode.json": json.dumps(OPENCODE)},
        "variables": {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
        "arguments": ["run", "--format", "json", "{prompt}"],
    },
    "goose": {
        "programs": ["goose", "goose-binary-linux-x64"],
        "variables": {"GOOSE_PROVIDER": "openai", "OPENAI_HOST": "{model}", "OPENAI_API_KEY": "x",
                      "GOOSE_MODEL": "mock-1", "GOOSE_MODE": "auto", "GOOSE_DISABLE_KEYRING": "1"},
        "arguments": ["run", "--with-builtin", "developer", "-t", "{prompt}"],
    },
    "aider": {
        "programs": ["aider"],
        # It offers the model no tools: the model takes its time instead of a command.
        "plan": "", "delay": 4.0,
        "variables": {"OPENAI_API_BASE": "{model}/v1", "OPENAI_API_KEY": "x"},
        "arguments": ["--model", "openai/mock-1", "--edit-format", "diff", "--yes-always", "--no-check-update",
                      "--analytics-disable", "--no-show-model-warnings", "--message", "{prompt}"],
        "closing": "Creating it.",
    },
    "gemini-cli": {
        "programs": ["gemini"],
        "files": {".gemini/settings.json": json.dumps(GEMINI)},
        "variables": {"GOOGLE_GEMINI_BASE_URL": "{model}", "GEMINI_API_KEY": "x"},
        "arguments": ["--yolo", "--skip-trust", "-m", "gemini-2.5-pro", "-p", "{prompt}"],
    },
    "qwen-code": {
        "programs": ["qwen"],
        "variables": {"OPENAI_BASE_URL": "{model}/v1", "OPENAI_API_KEY": "x", "OPENAI_MODEL": "mock-1"},
        "arguments": ["--yolo", "-p", "{prompt}"],
    },
    "copilot-cli": {
        "programs": ["copilot"],
        "variables": {"COPILOT_PROVIDER_BASE_URL": "{model}/v1", "COPILOT_MODEL": "mock-1", "COPILOT_OFFLINE": "true"},
        "arguments": ["--allow-all-tools", "-p", "{prompt}"],
    },
    "cline": {
        "programs": ["cline"],
        "before": [["auth", "openai", "-k", "x", "-m", "mock-1", "-b", "{model}/v1"]],
        "arguments": ["--json", "{prompt}"],
    },
    "pi": {
        "programs": ["pi"],
        "files": {".pi/agent/models.json": json.dumps(PI)},
        "variables": {"PI_OFFLINE": "1"},
        "arguments": ["-p", "--provider", "mock", "--model", "mock-1", "{prompt}"],
    },
}


class Daemon:
    """One daemon in one home, asked over its socket."""

    def __init__(self, program, home, variables):
        self.program, self.home, self.variables = program, home, variables
        self.run("daemon", "start")
        self.path = self.run("daemon", "path").strip()

    def run(self, *arguments):
        command = [self.program, *arguments]
        return subprocess.run(command, env=self.variables, capture_output=True, text=True, check=True, timeout=60).stdout

    def ask(self, method, params):
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(30)
            stream.connect(self.path)
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            stream.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(stream.makefile().readline())
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def search(self, query):
        """Ids of the sessions in which a query is found."""
        answer = self.ask("search/query", {"query": query, "options": {"scope": {"all": True}}})
        return [hit["session"]["id"] for hit in answer["sessions"]] if answer["matching_all"]["value"] else []

    def stop(self):
        subprocess.run([self.program, "daemon", "stop"], env=self.variables, capture_output=True, timeout=60, check=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def follow(agent, spec, program, opensession, folder):
    """Runs one agent; gives what was seen of it."""
    home, project = folder / "home", folder / "project"
    home.mkdir(parents=True)
    project.mkdir()
    prompt = f"Write notes.txt with the zebrafish{agent.replace('-', '')} needle"
    needle = f"zebrafish{agent.replace('-', '')}"
    port = free_port()
    model = f"http://127.0.0.1:{port}"
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}
    variables = {**keep, "HOME": str(home), "USER": "root", "SHELL": "/bin/bash", "TZ": "UTC", "DO_NOT_TRACK": "1"}
    for command in (["git", "init", "-q", "-b", "main"], ["git", "config", "user.name", "Ann"],
                    ["git", "config", "user.email", "ann@example.com"],
                    ["git", "commit", "-q", "--allow-empty", "-m", "Begin"]):
        subprocess.run(command, cwd=project, env=variables, check=True)

    def fill(text):
        return text.replace("{model}", model).replace("{prompt}", prompt).replace("{project}", str(project))

    for path, text in spec.get("files", {}).items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(fill(text))
    agent_variables = {**variables, **{name: fill(value) for name, value in spec.get("variables", {}).items()}}
    mock = [sys.executable, HERE / "mock_model.py", str(port), "--plan", spec.get("plan", "shell,write,read"),
            "--command", COMMAND, "--final", CLOSING, "--delay", str(spec.get("delay", 0.0)), "--dir", str(project)]
    log = open(folder / "agent.log", "wb")
    mock = subprocess.Popen(mock, stdout=subprocess.PIPE, stderr=log)
    mock.stdout.readline()
    daemon = Daemon(opensession, home, variables)
    # Agents that keep their sessions in the project are found through the projects that are known.
    daemon.ask("agent/scan", {"path": str(folder)})
    seen = {"agent": agent, "found": None, "grew": False, "whole": False, "events": 0}
    running = None
    try:
        for arguments in spec.get("before", []):
            subprocess.run([program, *map(fill, arguments)], cwd=project, env=agent_variables, stdout=log, stderr=log,
                           stdin=subprocess.DEVNULL, timeout=60, check=False)
        begun = time.monotonic()
        running = subprocess.Popen([program, *map(fill, spec["arguments"])], cwd=project, env=agent_variables,
                                   stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        events_then = 0
        while running.poll() is None and time.monotonic() - begun < 120:
            if seen["found"] is None and (ids := daemon.search(needle)):
                seen["found"] = round(time.monotonic() - begun, 1)
                events_then = daemon.ask("session/get", {"session": ids[0]})["session"]["events"]
            time.sleep(0.1)
        seen["took"] = round(time.monotonic() - begun, 1)
        seen["exit"] = running.poll()
        daemon.ask("index/refresh", {})
        ids = daemon.search(needle)
        if ids:
            session = daemon.ask("session/get", {"session": ids[0]})["session"]
            seen.update(events=session["events"], title=session["title"], model=session.get("model"))
            seen["grew"] = session["events"] > events_then
            closing = daemon.search(f'"{spec.get("closing", CLOSING).rstrip(".")}" session:{session["id"]}')
            written = daemon.search(f"notes.txt session:{session['id']}")
            seen["whole"] = bool(closing) and bool(written)
    finally:
        if running is not None:
            kill(running)
        daemon.stop()
        mock.kill()
        log.close()
    return seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--opensession", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--require", default="")
    parser.add_argument("--keep")
    parser.add_argument("--isolated", action="store_true")
    options = parser.parse_args()
    if options.isolated:
        arguments = [argument for argument in sys.argv[1:] if argument != "--isolated"]
        inner = 'ip link set lo up && exec "$@"'
        os.execvp("unshare", ["unshare", "-n", "sh", "-c", inner, "sh", sys.executable, __file__, *arguments])
    opensession = str(Path(options.opensession).resolve())
    only = [name for name in options.only.split(",") if name]
    required = {name for name in options.require.split(",") if name}
    unknown = (set(only) | required) - set(AGENTS)
    if unknown:
        sys.exit(f"no such agent: {', '.join(sorted(unknown))}; there are {', '.join(AGENTS)}")
    # Short: a socket's path has little room.
    base = Path(options.keep) if options.keep else Path(tempfile.mkdtemp(prefix="live-"))
    failed = False
    for agent, spec in AGENTS.items():
        if only and agent not in only:
            continue
        program = next(filter(None, map(shutil.which, spec["programs"])), None)
        if program is None:
            print(f"{agent:12} not here: {spec['programs'][0]} is not on the PATH", flush=True)
            failed |= agent in required
            continue
        try:
            seen = follow(agent, spec, program, opensession, base / agent)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"{agent:12} FAILED: {error}", flush=True)
            failed = True
            continue
        good = seen["found"] is not None and seen["grew"] and seen["whole"]
        failed |= not good
        found = f"found after {seen['found']} s of {seen['took']}" if seen["found"] else f"not found in {seen['took']} s"
        print(f"{agent:12} {'ok' if good else 'FAILED'}: {found}, grew: {seen['grew']}, whole: {seen['whole']}, "
              f"{seen['events']} events, exit {seen['exit']}, model {seen.get('model')}", flush=True)
    if not options.keep:
        shutil.rmtree(base, ignore_errors=True)
    sys.exit(1 if failed else 0)


main()
