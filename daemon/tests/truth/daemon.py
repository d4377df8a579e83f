"""A daemon of its own on a home directory, and its socket."""

import json
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_SECONDS = 60
ANSWER_SECONDS = 600
PAGE = 200


class Daemon:
    """Runs while the `with` block does; its store is thrown away."""

    def __init__(self, program, home):
        self.program = program
        self.home = home

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="truth")
        root = Path(self.folder.name)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        for name in ("DATA_HOME", "STATE_HOME", "CONFIG_HOME", "RUNTIME_DIR"):
            (root / name).mkdir(mode=0o700)
            environment[f"XDG_{name}"] = str(root / name)
        self.process = subprocess.Popen([self.program, "daemon", "run"], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        path = str(root / "RUNTIME_DIR/opensession/daemon.sock")
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(ANSWER_SECONDS)
            try:
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    raise SystemExit(f"no daemon listens: {self.program} daemon run") from None
                time.sleep(0.05)
        self.lines = self.socket.makefile("rb")
        self.call("index/refresh", {})
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def call(self, method, params):
        """Calls a method; an error ends the run."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self.lines.readline())
        if "result" not in answer:
            raise SystemExit(f"{method} {params}: {answer}")
        return answer["result"]

    def search(self, query):
        """The paths of the sessions in which all words stand, and the counts: all, any."""
        paths, offset = set(), 0
        while True:
            options = {"scope": {"all": True}, "no_snippets": True, "limit": PAGE, "offset": offset}
            answer = self.call("search/query", {"query": query, "options": options})
            for session in answer["sessions"]:
                if not session["missing"]:
                    paths.add(session["session"]["path"])
            offset += PAGE
            if len(answer["sessions"]) < PAGE:
                return paths, answer
