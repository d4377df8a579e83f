"""What every trial here stands in: a home, a git project, the daemon, the model, a network of its own, the report.

A trial is a function that runs one agent and gives what was seen of it; `run_trials` calls it for each agent that is on
the PATH and prints a line for each.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from agents import AGENTS

HERE = Path(__file__).resolve().parent
# What is no fault of these scripts, but of what is tried.
FAULTS = (AssertionError, OSError, RuntimeError, subprocess.SubprocessError, ValueError, KeyError)


def run_trials(script, documentation, trial, agents=AGENTS, variants=(None,)):
    """Takes the script's arguments, and calls `trial(agent, program, opensession, folder, variant)` for each agent.

    It gives whether what was seen is as it should be, and what was seen. With `variants` it is called once for each of
    them. Exits with status 1 where something is not as it should be, or where a required agent is not there.
    """
    usage = documentation.split("usage: ", 1)[1].split("\n", 1)[0]
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("--opensession", required=True)
    parser.add_argument("--only", default="", type=names)
    parser.add_argument("--require", default="", type=names)
    parser.add_argument("--keep")
    parser.add_argument("--isolated", action="store_true")
    options = parser.parse_args()
    if options.isolated:
        isolate(script)
    opensession = str(Path(options.opensession).resolve())
    if unknown := {*options.only, *options.require}.difference(agents):
        sys.exit(f"no such agent: {', '.join(sorted(unknown))}; there are {', '.join(agents)}")
    # Short: a socket's path has little room.
    base = Path(options.keep) if options.keep else Path(tempfile.mkdtemp(prefix="live-"))
    failed = False
    for agent in [agent for agent in agents if not options.only or agent in options.only]:
        program = program_of(agent)
        if program is None:
            print(f"{agent:12} not here: {AGENTS[agent]['programs'][0]} is not on the PATH", flush=True)
            failed |= agent in options.require
            continue
        for variant in variants:
            folder = base / (f"{agent}-{variant}" if variant else agent)
            try:
                good, told = trial(agent, program, opensession, folder, *([variant] if variant else []))
            except FAULTS as error:
                good, told = False, f"{error} {getattr(error, 'stderr', None) or ''}"
            end_left_behind(folder / "home")
            failed |= not good
            name = f"{agent:12} {variant:6}" if variant else f"{agent:12}"
            print(f"{name} {'ok' if good else 'FAILED'}: {told}", flush=True)
    if not options.keep:
        shutil.rmtree(base, ignore_errors=True)
    sys.exit(1 if failed else 0)


class Place:
    """A home, a git project, a model on loopback and an agent that is configured for it."""

    def __init__(self, agent, folder, mock_arguments, prompt="", port=None):
        self.agent, self.folder, self.spec = agent, folder, AGENTS[agent]
        self.home, self.project = folder / "home", folder / "project"
        is_new = not self.home.exists()
        self.home.mkdir(parents=True, exist_ok=True)
        self.project.mkdir(exist_ok=True)
        # The daemon's socket lies apart from any other daemon's.
        runtime = folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        # Settings of the agent name the port.
        self.port = port = port or free_port()
        self.filled = {"{model}": f"http://127.0.0.1:{port}", "{prompt}": prompt, "{project}": str(self.project)}
        keep = {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}
        self.variables = {**keep, "HOME": str(self.home), "USER": "root", "SHELL": "/bin/bash", "TZ": "UTC",
                          "XDG_RUNTIME_DIR": str(runtime), "DO_NOT_TRACK": "1"}
        for command in (["git", "init", "-q", "-b", "main"], ["git", "config", "user.name", "Ann"],
                        ["git", "config", "user.email", "ann@example.com"],
                        ["git", "commit", "-q", "--allow-empty", "-m", "Begin"]):
            if is_new:
                subprocess.run(command, cwd=self.project, env=self.variables, check=True)
        for path, text in self.spec.get("files", {}).items() if is_new else ():
            (self.home / path).parent.mkdir(parents=True, exist_ok=True)
            (self.home / path).write_text(self.fill(text))
        filled = {name: self.fill(value) for name, value in self.spec.get("variables", {}).items()}
        self.agent_variables = {**self.variables, **filled}
        self.log = open(folder / "agent.log", "ab")
        mock = [sys.executable, HERE / "mock_model.py", str(port), "--dir", str(self.project), *mock_arguments]
        self.mock = subprocess.Popen(mock, stdout=subprocess.PIPE, stderr=self.log)
        self.mock.stdout.readline()

    def again(self, mock_arguments, prompt):
        """The same home and project, with another script for the model."""
        return Place(self.agent, self.folder, mock_arguments, prompt, self.port)

    def run(self, program, arguments, check=True, **options):
        """Runs the agent to its end."""
        command = [program, *map(self.fill, arguments)]
        return subprocess.run(command, **{**self.options(), "timeout": 120, **options}, check=check)

    def fill(self, text):
        for name, value in self.filled.items():
            text = text.replace(name, value)
        return text

    def options(self):
        """For every run of the agent."""
        return {"cwd": self.project, "env": self.agent_variables, "stdout": self.log, "stderr": self.log,
                "stdin": subprocess.DEVNULL}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.mock.kill()
        self.mock.wait()
        self.log.close()


class Daemon:
    """One daemon in one home, asked over its socket."""

    def __init__(self, program, home, variables):
        self.program, self.home, self.variables = program, home, variables
        self.run("daemon", "start")
        self.path = self.run("daemon", "path").strip()

    def run(self, *arguments):
        return self.call(arguments, text=True, check=True).stdout

    def call(self, arguments, **options):
        command = [self.program, *arguments]
        return subprocess.run(command, env=self.variables, capture_output=True, timeout=60, **options)

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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call(["daemon", "stop"], check=False)


def texts(value):
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def requests_in(log):
    """The bodies of the requests that the model was sent."""
    return [json.loads(line)["body"] for line in log.read_text().splitlines()] if log.exists() else []


def daemon_id(agent):
    """The id by which the daemon knows an agent."""
    return AGENTS[agent].get("id", agent)


def program_of(agent):
    """The first of an agent's programs that is on the PATH."""
    return next(filter(None, map(shutil.which, AGENTS[agent]["programs"])), None)


def end_left_behind(home):
    """Ends the processes with that home: some agents leave one that waits for their next run."""
    for folder in Path("/proc").glob("[0-9]*"):
        # One that has ended meanwhile, or is somebody else's, is none.
        with contextlib.suppress(OSError):
            if f"HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGTERM)


def isolate(script):
    """Runs a script again, without `--isolated`, in a network namespace that has loopback alone."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--isolated"]
    inner = 'ip link set lo up && exec "$@"'
    os.execvp("unshare", ["unshare", "-n", "sh", "-c", inner, "sh", sys.executable, script, *arguments])


def names(text):
    return [name for name in text.split(",") if name]


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
