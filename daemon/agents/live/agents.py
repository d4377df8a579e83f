"""What the scripts here share: the real agents and how they are started offline, the daemon, the model."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

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


class Place:
    """A home, a git project, a model on loopback and an agent that is configured for it."""

    @classmethod
    def again(cls, place, mock_arguments, prompt):
        """The same home and project, with another script for the model."""
        return cls(place.spec, place.folder, mock_arguments, prompt, place.port)

    def __init__(self, spec, folder, mock_arguments, prompt="", port=None):
        self.folder, self.spec = folder, spec
        self.home, self.project = folder / "home", folder / "project"
        is_new = not self.home.exists()
        self.home.mkdir(parents=True, exist_ok=True)
        self.project.mkdir(exist_ok=True)
        # Settings of the agent name the port.
        self.port = port = port or free_port()
        self.filled = {"{model}": f"http://127.0.0.1:{port}", "{prompt}": prompt, "{project}": str(self.project)}
        keep = {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}
        self.variables = {**keep, "HOME": str(self.home), "USER": "root", "SHELL": "/bin/bash", "TZ": "UTC",
                          "DO_NOT_TRACK": "1"}
        for command in (["git", "init", "-q", "-b", "main"], ["git", "config", "user.name", "Ann"],
                        ["git", "config", "user.email", "ann@example.com"],
                        ["git", "commit", "-q", "--allow-empty", "-m", "Begin"]):
            if is_new:
                subprocess.run(command, cwd=self.project, env=self.variables, check=True)
        for path, text in spec.get("files", {}).items() if is_new else ():
            (self.home / path).parent.mkdir(parents=True, exist_ok=True)
            (self.home / path).write_text(self.fill(text))
        filled = {name: self.fill(value) for name, value in spec.get("variables", {}).items()}
        self.agent_variables = {**self.variables, **filled}
        self.log = open(folder / "agent.log", "ab")
        mock = [sys.executable, HERE / "mock_model.py", str(port), "--dir", str(self.project), *mock_arguments]
        self.mock = subprocess.Popen(mock, stdout=subprocess.PIPE, stderr=self.log)
        self.mock.stdout.readline()

    def fill(self, text):
        for name, value in self.filled.items():
            text = text.replace(name, value)
        return text

    def options(self):
        """For every run of the agent."""
        return {"cwd": self.project, "env": self.agent_variables, "stdout": self.log, "stderr": self.log,
                "stdin": subprocess.DEVNULL}

    def close(self):
        self.mock.kill()
        self.mock.wait()
        self.log.close()


def program_of(spec):
    """The first of an agent's programs that is on the PATH."""
    return next(filter(None, map(shutil.which, spec["programs"])), None)


def isolate(script):
    """Runs a script again, without `--isolated`, in a network namespace that has loopback alone."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--isolated"]
    inner = 'ip link set lo up && exec "$@"'
    os.execvp("unshare", ["unshare", "-n", "sh", "-c", inner, "sh", sys.executable, script, *arguments])


def base_folder(keep):
    """Where everything is put. Short: a socket's path has little room."""
    return Path(keep) if keep else Path(tempfile.mkdtemp(prefix="live-"))
