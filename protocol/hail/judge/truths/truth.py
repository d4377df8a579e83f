"""What really happened in a session, computed from the agent's own transcript.

Shares no code and no data with the Rust readers. It looks at the whole session at once and keeps whole file contents, which
a reader cannot.

    prompts      what people typed, and what was put into a queue and given to the model; not what the client wrote. In a
                 sub-agent's session, the task that it was given
    files        path -> lines added and removed, from the content before the first edit to that after the last one, as
                 git compares them; `None` where the log does not show enough of it
    commands     every shell command of the main agent, its text, exit and how it ended; `None` where the log does not tell
    commits      what git printed: `[branch sha] subject`
    todos        items of the last list that are neither done nor deleted
"""

import difflib
import json
import os
import re
import shutil
import sqlite3
import tempfile

from .files import Sheet, count_changes, hunks_of, is_smaller

COMMIT = re.compile(r"^\s*\[(?P<branch>[^\]\n]+?)(?: \(root-commit\))? (?P<sha>[0-9a-f]{7,40})\] (?P<subject>.*)$", re.M)
MAKES_COMMITS = re.compile(r"\bgit\b.*\b(commit|cherry-pick|revert|merge|am|rebase)\b", re.S)
OPEN_ITEM = re.compile(r"^\s*[-*] \[ \] (.+)$", re.M)


class Truth:
    def __init__(self, path):
        self.path = path
        self.prompts, self.attached = [], set()
        self.commands = []
        self.commits = []
        self.todos = []
        self.before, self.after, self.edited, self.sums, self.sheets = {}, {}, {}, {}, {}
        # Files of which the log does not tell whether the edit was made, or made a difference.
        self.perhaps = set()
        self.cwd = None

    # --- prompts and commands --------------------------------------------------------------------------------------

    def prompt(self, text, names=()):
        """What a person said, and the names of what was attached to it."""
        self.attached.update(name for name in names if name)
        if text and text.strip():
            self.prompts.append(text.strip())

    def command(self, number, command, aside=False):
        """A command that was run; those of a sub-agent are told in its own session."""
        if command and not aside:
            self.commands.append({"id": number, "command": command, "failed": None, "output": "", "exit": None,
                                  "status": None})

    def answer(self, number, output, exit_code=None, status=None):
        """How a command ended: `ok`, `failed`, `refused`, `stopped`, `running`."""
        for command in self.commands:
            if command["id"] == number and command["status"] is None:
                if status is None and exit_code is not None:
                    status = "failed" if exit_code else "ok"
                command.update(status=status, exit=exit_code, output=output,
                               failed=None if status is None else status == "failed")
                if MAKES_COMMITS.search(command["command"]):
                    for commit in COMMIT.finditer(output):
                        self.commits.append((commit.group("sha"), commit.group("subject").strip()))
                return

    # --- files -------------------------------------------------------------------------------------------------

    def sheet(self, path, content=None):
        """The file, of which a content says what it was before its first edit."""
        self.edited[path] = self.edited.get(path, 0) + 1
        return self.sheets.setdefault(path, Sheet(content))

    def created(self, path, content):
        self.sheet(path, "").write(content)

    def overwritten(self, path, content):
        """Written anew, and nobody tells what it was."""
        self.sheet(path).write(content)

    def replaced(self, path, old, new, everywhere=False):
        self.sheet(path).replace(old, new, everywhere)

    def patched(self, path, diff):
        self.sheet(path).patch(hunks_of(diff))

    def changed(self, path, before, after):
        """From one known content to another one."""
        if before == after:
            self.perhaps.add(path)
            return
        sheet = self.sheet(path, before)
        if sheet.whole() and sheet.text() != Sheet(before).text():
            # Something else changed it in between, and that is not the session's own.
            sheet.lose()
        sheet.write(after)

    def edit(self, path, before, after, patch=None):
        """A file went from one content to another; None is a content that is not known."""
        self.edited[path] = self.edited.get(path, 0) + 1
        added, removed = self.sums.get(path, (0, 0))
        if patch is None and before is not None and after is not None:
            patch = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0))[2:]
        for line in patch or []:
            added += line.startswith("+")
            removed += line.startswith("-")
        self.sums[path] = (added, removed)
        known = self.after.get(path)
        if path not in self.before:
            self.before[path] = before
        elif before is not None and known is not None and before != known:
            # Something else changed it in between: that is not the session's own edit, so it is taken out of the start.
            self.before[path] = None
        elif known is None:
            self.before[path] = None
        self.after[path] = after

    def net(self, path):
        contents = self.contents(path)
        return None if contents is None else count_changes(*contents)

    def contents(self, path):
        """What a file was before the session and what it became, where the log shows it."""
        if path in self.sheets:
            return self.sheets[path].contents()
        before, after = self.before.get(path), self.after.get(path)
        return None if before is None or after is None else (before, after)

    def holds(self, path, shown):
        """Whether `(added, removed)` is what happened to the file."""
        counted = self.net(path)
        return shown == counted or is_smaller(*self.contents(path), shown, counted)


def database(path):
    """A copy of an agent's database, with what still lies in its log: opening the real one would write."""
    with tempfile.TemporaryDirectory() as folder:
        for end in ("", "-wal"):
            if os.path.exists(path + end):
                shutil.copy(path + end, os.path.join(folder, "copy" + end))
        connection = sqlite3.connect(os.path.join(folder, "copy"))
        memory = sqlite3.connect(":memory:")
        connection.backup(memory)
        connection.close()
    memory.row_factory = sqlite3.Row
    return memory


def parsed(text):
    """JSON inside of a text, which may be cut; an object where it is none."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return {}


def blocks_of(content):
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block if isinstance(block, dict) else {"type": "text", "text": str(block)} for block in content or []]


def words_of(content):
    return "\n".join(block.get("text") or "" for block in blocks_of(content) if block.get("type") == "text")


def records(path):
    decoder = json.JSONDecoder()
    with open(path, "rb") as file:
        for line in file:
            text, position = line.decode("utf-8", "replace"), 0
            while position < len(text):
                while position < len(text) and text[position].isspace():
                    position += 1
                if position == len(text):
                    break
                try:
                    value, position = decoder.raw_decode(text, position)
                except (ValueError, RecursionError):
                    break
                if isinstance(value, dict):
                    yield value


def absolute(path, cwd):
    return path if path.startswith("/") or not cwd else os.path.normpath(os.path.join(cwd, path))
