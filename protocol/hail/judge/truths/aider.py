"""Aider: a log in Markdown, with the sessions of months one after the other."""

import os
import re

from .truth import Truth

HEADER = re.compile(r"^# aider chat started at (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\s*$")
ASKS = re.compile(r"/(?:ask|code|architect|context|help)\s+\S", re.S)
RUNS = re.compile(r"(?:!|/run\s+|/test\s+)(\S.*)", re.S)
AUTOMATIC = re.compile(r"# Fix any errors below, if possible\.|# Question: .*?# Relevant docs:", re.S)
BLOCK = re.compile(r"^<{5,9} SEARCH\s*\n(.*?)^={5,9}\s*\n(.*?)^>{5,9} REPLACE", re.S | re.M)
FENCE = re.compile(r"^(?:`{3,}\S*|<source>|<code>|<pre>)\s*$")


def aider(path):
    """None where two sessions began in the same second: the name does not tell which one is meant."""
    place, _, session = path.rpartition("#")
    with open(place, encoding="utf-8", errors="replace") as file:
        lines = file.read().replace("\r\n", "\n").split("\n")
    starts = [index for index, line in enumerate(lines) if HEADER.match(line)] + [len(lines)]
    digits = re.sub(r"\D", "", session.split("-")[0])
    mine = [number for number, index in enumerate(starts[:-1]) if "".join(HEADER.match(lines[index]).groups()) == digits]
    if len(mine) != 1:
        return None
    marks = [line for line in lines if line.startswith("#### ")]
    spaced = sum(line.endswith("  ") for line in marks) * 2 > len(marks)
    truth = Truth(path)
    truth.cwd = os.path.dirname(place)
    read(truth, lines[starts[mine[0]] + 1:starts[mine[0] + 1]], spaced, typed_in(os.path.dirname(place)))
    return truth


def typed_in(folder):
    """What was typed, where the log of the input is there."""
    try:
        with open(os.path.join(folder, ".aider.input.history"), encoding="utf-8", errors="replace") as file:
            entries = re.split(r"^# .*$", file.read(), flags=re.M)
    except OSError:
        return None
    return {squeezed("\n".join(line[1:] for line in entry.split("\n"))) for entry in entries}


def squeezed(text):
    return re.sub(r"\s+", "", text)


def read(truth, lines, spaced, typed):
    prompt, reply, applied, undone, commits = [], [], {}, set(), {}
    previous, again, ended = "", False, False
    running = before = None
    for index, line in enumerate([*lines, ""]):
        # Where lines do not tell, a heading in a reply is one that stands before the reply's end was told.
        told = line.endswith("  ") if spaced else not "".join(reply).strip() or ended
        begins = line.rstrip() == "####" and bool(prompt) or line.startswith("#### ") and (
            bool(prompt) or not previous.strip() and told or previous.startswith("> "))
        # Some versions on Windows put a blank line after each.
        if prompt and not spaced and not line and lines[index + 1:index + 2] and lines[index + 1].startswith("####") \
                and not prompt[0].startswith(("/", "!")):
            continue
        if prompt and not begins:
            text = "\n".join(prompt).strip()
            said(truth, text, typed, again)
            prompt, again = [], bool(ASKS.match(text))
        if begins:
            prompt.append(re.sub(r" {1,2}$", "", line[5:]))
            reply, ended = [], False
        elif line.startswith("> "):
            ended = True
            status(truth, line[2:].rstrip(), "\n".join(reply), applied, undone, commits)
        else:
            reply.append(line)
        if begins and not previous.startswith("####"):
            running = None
        elif truth.commands and truth.commands[-1] is not before:
            # A command was just begun.
            running, before = truth.commands[-1], truth.commands[-1]
        if running and not begins:
            running["output"] += line.removeprefix("> ").rstrip() + "\n"
        previous = line
    for path, blocks in applied.items():
        net(truth, path, blocks)
    # A commit that was taken back is none.
    truth.commits = [commit for commit in truth.commits if commit[0] not in undone]


def said(truth, text, typed, again):
    run = RUNS.match(text)
    if run:
        truth.command(len(truth.commands), run.group(1).strip())
    elif text == "<blank>" or text.startswith("/") and not ASKS.match(text) or AUTOMATIC.match(text):
        return
    elif ASKS.match(text):
        truth.prompt(text.split(None, 1)[1])
    elif truth.prompts[-1:] == [text] and again:
        # What was asked with a command is written once more, as the model was asked it.
        return
    elif typed is None or squeezed(text) in typed:
        truth.prompt(text)


def status(truth, text, reply, applied, undone, commits):
    commit = re.match(r"Commit ([0-9a-f]{7,40}) (.*)$", text)
    if text.startswith("Applied edit to "):
        path = text.removeprefix("Applied edit to ").strip()
        truth.edited[path] = truth.edited.get(path, 0) + 1
        applied.setdefault(path, []).append(blocks_of(reply, path))
        commits.setdefault(None, []).append(path)
    elif text.startswith("Creating empty file "):
        truth.perhaps.add(text.removeprefix("Creating empty file ").strip())
    elif commit:
        truth.commits.append((commit.group(1), commit.group(2).strip()))
        commits[commit.group(1)] = commits.pop(None, [])
    elif text.startswith("Removed: "):
        undone.add(text.split()[1])
        # What such a commit had made of its files is not told edit by edit.
        for path in commits.get(text.split()[1], ()):
            applied[path].append(None)
    elif text.startswith("Running ") and not text.startswith("Running: "):
        truth.command(len(truth.commands), text.removeprefix("Running "))


def blocks_of(reply, path):
    """The edits of one reply to a file; None where that is not sure."""
    if "failed to match" in reply:
        return None
    blocks = []
    for found in BLOCK.finditer(reply):
        above = [line.strip() for line in reply[:found.start()].split("\n") if line.strip()]
        names = [line.strip("`*#: ") for line in above[-2:] if not FENCE.match(line)]
        if names and names[-1] == path:
            blocks.append(found.groups())
    return blocks or None


def net(truth, path, turns):
    """What became of a file, where its edits tell."""
    sheet = truth.sheet(path)
    truth.edited[path] -= 1
    if None in turns:
        return sheet.lose()
    blocks = [block for turn in turns for block in turn if block[0] != block[1]]
    if not blocks:
        del truth.edited[path], truth.sheets[path]
        return truth.perhaps.add(path)
    if not blocks[0][0].strip():
        sheet = truth.sheets[path] = type(sheet)("")
        sheet.write(blocks.pop(0)[1])
    elif len(blocks) > 1:
        return sheet.lose()
    for old, new in blocks:
        wanted = old.removesuffix("\n").split("\n")
        shown = [sheet.line(item) for item in sheet.now]
        at = next((index for index in range(len(shown)) if shown[index:index + len(wanted)] == wanted), None)
        if at is None and sheet.beyond != 0:
            return sheet.lose()
        sheet.patch([(at or 0, ["-" + line for line in wanted]
                      + ["+" + line for line in new.removesuffix("\n").split("\n") if new])])
