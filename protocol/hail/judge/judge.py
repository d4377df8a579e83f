#!/usr/bin/env python3
"""Judges handoffs against what really happened, and prints `measured / bar` for each thing asked.

    judge.py --socket SOCKET [--limit N]     asks a running daemon for the handoff of every session; several sockets (of
                                             daemons with a home directory each) are judged together
    judge.py --folder FOLDER                 takes handoffs (ID.json, ID.md), events (ID.hail.jsonl) and sources.json
                                             (id -> transcript) that were written before

Options: `--verbose` lists what is missing, `--budget NAME` (standard), `--by-agent` adds a table with a column for each
agent, `--agent ID` judges one agent alone. Exit code 1 when a bar is missed, over all agents together.

What really happened comes from `truths/`, a module for each agent's format. A thing counts for a session when the session
has it and the agent's log tells it. Each is asked of the JSON and of the Markdown, and the lower share counts. The bars are
0.98; citations, budget and sameness of two runs 1. Of agents without a module, nothing is judged.
"""

import argparse
import json
import os
import re
import socket
import sys

from truths import READERS, checks
from truths.claude_code import LOCAL

BAR = 0.98
EXACT = {"citations resolve", "quotes hold", "within budget", "two runs equal"}
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]", re.S)
HOME = re.compile(r"(?<![\w.~/-])(?:(?:/home|/Users|/var/home)/[\w.-]+|[A-Za-z]:(?:\\|\\\\|/)Users(?:\\|\\\\|/)[\w.-]+)")


def plain(text):
    """Without what a handoff may leave out of a text: escapes, white space, home directories, marks of quotation."""
    text = HOME.sub("~", ESCAPES.sub("", text.replace("\t", " ")))
    return re.sub(r"[\s>`]+", "", text.replace("!\\[", "!["))


def pieces(quote):
    """The parts of a quotation that must stand in the event: it may be cut, and redacted."""
    if quote == "(image)":
        return []
    parts = re.split(r"\[REDACTED:[\w-]+\]| \[…\] |…", quote)
    return [part for part in (plain(part) for part in parts) if part]


class Daemon:
    """Newline-delimited JSON-RPC on the daemon's socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rwb")
        self.number = 0

    def call(self, method, **parameters):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": parameters}
        self.stream.write(json.dumps(request).encode() + b"\n")
        self.stream.flush()
        answer = json.loads(self.stream.readline())
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def sessions(self):
        cursor = None
        while True:
            page = self.call("session/list", filter={"scope": {"all": True}, "subagents": True}, limit=500, cursor=cursor)
            yield from ((session["id"], session["agent"], session["path"]) for session in page["sessions"])
            cursor = page.get("next")
            if not cursor:
                return

    def handoff(self, session, budget):
        ask = lambda form: self.call("handoff/create", sessions=[session], budget=budget, format=form)
        document, again, page = ask("json"), ask("json"), ask("markdown")
        return document["text"], page["text"], document["text"] == again["text"] and page["text"] == ask("markdown")["text"]

    def events(self, session):
        events, start = {}, 1
        while start:
            page = self.call("session/events", session=session, **{"from": start}, limit=2000)
            events.update((event["event"], event["hail"]) for event in page["events"])
            start = page.get("next")
        return events


class Folder:
    def __init__(self, path):
        self.path = path
        with open(os.path.join(path, "sources.json")) as file:
            self.sources = json.load(file)

    def sessions(self):
        return ((session, agent, source) for session, (agent, source) in sorted(self.sources.items()))

    def handoff(self, session, _budget):
        read = lambda end: open(os.path.join(self.path, session + end), encoding="utf-8").read()
        return read(".json"), read(".md"), True

    def events(self, session):
        with open(os.path.join(self.path, session + ".hail.jsonl"), encoding="utf-8") as file:
            return {number: json.loads(line) for number, line in enumerate(file) if number > 0}


class Score:
    """How often each thing that was asked holds, over all sessions and for each agent."""

    def __init__(self, verbose):
        self.counts, self.verbose, self.agent, self.agents = {}, verbose, "", {}

    def add(self, what, holds, session="", why=""):
        for counts in (self.counts, self.agents.setdefault(self.agent, {})):
            good, all_ = counts.get(what, (0, 0))
            counts[what] = (good + bool(holds), all_ + 1)
        if not holds and self.verbose:
            print(f"  {what}: {self.agent} {session[:8]}: {why[:300]!r}")

    def show_agents(self):
        """A row for each thing, a column for each agent: how many hold, and of how many where that is not all."""
        agents = sorted(self.agents)
        print(f"{'':<34}" + "".join(f"{agent:>14}" for agent in agents))
        for what in self.counts:
            cells = []
            for agent in agents:
                good, all_ = self.agents[agent].get(what, (0, 0))
                missed = all_ and good / all_ < bar_of(what)
                cells.append("-" if not all_ else f"{good}/{all_}" + "!" * bool(missed) if good < all_ else str(good))
            print(f"{what:<34}" + "".join(f"{cell:>14}" for cell in cells))
        print()

    def show(self):
        missed = False
        for what, (good, all_) in self.counts.items():
            bar = bar_of(what)
            share = good / all_ if all_ else 1.0
            missed |= share < bar
            print(f"{what:<34} {share:7.4f} / {bar:.2f}  ({good} of {all_})" + ("" if share >= bar else "  MISSED"))
        return not missed


def bar_of(what):
    return 1.0 if what in EXACT else BAR


def begins(shown, real, least=40):
    """Whether what is shown is the real text, or a beginning of it that tells it apart."""
    parts, real = pieces(shown), plain(real)
    if not parts:
        return not real
    at = 0
    for part in parts:
        at = real.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return sum(map(len, parts)) >= min(least, len(real)) and (real.startswith(parts[0]) or "REDACTED" in shown)


def tells(truth, shown, prompt, least=40):
    """Whether a prompt is told: its words, perhaps led in by the command that it was given with (`/ask`), perhaps with the
    names of what was attached to it."""
    without = re.sub(r"^/(?:ask|code|architect|context|help)\s+", "", shown)
    if begins(shown, prompt, least) or begins(without, prompt, least):
        return True
    rest = plain(shown).removeprefix(plain(prompt))
    for name in sorted(map(plain, truth.attached), key=len, reverse=True):
        rest = rest.replace(name, "")
    return plain(shown).startswith(plain(prompt)) and not rest.replace("…", "")


def relative(path, cwd):
    path = HOME.sub("~", path)
    cwd = HOME.sub("~", (cwd or "").rstrip("/\\"))
    return path[len(cwd) + 1:] if cwd and path.startswith((cwd + "/", cwd + "\\")) else path


def judge_session(score, session, truth, text, page, budget):
    handoff = json.loads(text)
    flat = plain(page)
    state, objective = handoff["state"], handoff["objective"]
    both = lambda what, in_json, in_page, why="": (
        score.add(what + " (json)", in_json, session, why), score.add(what + " (md)", in_page, session, why))
    section = lambda name: (re.search(rf"^## {name}.*?$(.*?)(?=^## |\Z)", page, re.S | re.M) or ["", ""])[1]
    start = lambda real, count=40: plain(real)[:count]
    truth.cwd = truth.cwd or (handoff["sessions"] or [{}])[0].get("cwd")

    for command in truth.commands:
        command["status"] = checks.told_by_output(command)
        command["failed"] = None if command["status"] is None else command["status"] == "failed"

    # Prompts. The first that asks for something; `continue` alone does not.
    if truth.prompts:
        asks = [text for text in truth.prompts if not LOCAL.match(text)
                and not re.fullmatch(r"(?i)(please )?(continue|go on|resume|proceed)[.!]?|/[\w:.-]+", text)]
        latest = [text for text in truth.prompts if not LOCAL.match(text)] or truth.prompts
        first, latest = (asks or truth.prompts)[0], latest[-1]
        shown = objective.get("first", {}).get("text", "")
        both("first prompt", tells(truth, shown, first), start(first) in plain(section("Objective")), first)
        last_shown = (objective.get("latest") or objective.get("first") or {}).get("text", "")
        both("latest prompt", tells(truth, last_shown, latest), start(latest) in plain(section("Objective")), latest)
        listed = [prompt["text"] for prompt in handoff.get("prompts", [])]
        # A single prompt is the objective and stands there alone.
        in_page = plain(section("Prompts") or section("Objective"))
        for prompt in truth.prompts:
            both("all prompts", any(tells(truth, shown, prompt) for shown in listed), start(prompt) in in_page, prompt)

    # What a person did not say, the client's own words above all; and a prompt that is told twice.
    unsaid, left = [], list(truth.prompts)
    for shown in (prompt["text"] for prompt in handoff.get("prompts", [])):
        if LOCAL.match(shown) or re.match(r"/[\w:.-]+\s*$", shown):
            continue
        found = next((prompt for prompt in left if tells(truth, shown, prompt, 1)), None)
        if found is not None:
            left.remove(found)
        elif not tells(truth, shown, "") and "[trimmed for fixture]" not in shown:
            unsaid.append(shown)
    score.add("no prompt invented", not unsaid, session, f"{len(unsaid)}: {unsaid[:2]}")

    # Files, with lines added and removed in the end.
    files = {file["path"]: file for file in handoff.get("files", [])}
    in_page = section("Files")
    # On Windows `a\\b` and `a/b` are one file, shown as it was named first.
    slashes = lambda name: name.replace("\\", "/")
    by_slashes = {slashes(name): file for name, file in files.items()}
    for path in truth.edited:
        name = relative(path, truth.cwd)
        file = by_slashes.get(slashes(name))
        line = next((line for line in in_page.splitlines() if slashes(line).startswith(f"- {slashes(name)} ")), "")
        both("files edited", file is not None and file.get("edits", 0) > 0, bool(line), name)
        real = truth.net(path)
        if real is not None and file is not None:
            if sum(slashes(other) == slashes(path) for other in truth.edited) > 1:
                continue
            shown = (file.get("added"), file.get("removed"))
            holds = truth.holds(path, shown)
            both("net lines of files", holds, holds and f"+{shown[0]} -{shown[1]}" in line,
                 f"{name}: {real}, shown +{shown[0]} -{shown[1]}")
    for name, file in files.items():
        if file.get("edits", 0) and file.get("fate") == "created":
            score.add("new files lose no lines", not file.get("removed"), session,
                      f"{name}: +{file.get('added')} -{file.get('removed')}")
        if file.get("edits", 0) and file.get("added") is None:
            # Nothing is known of its lines, so none were counted: that is no sum.
            score.add("lines that are not known are no 0", file.get("all_added") or file.get("all_removed")
                      or "all_added" not in file, session, name)
    if any(file.get("edits", 0) and file.get("added") is None for file in files.values()):
        head = next((line for line in page.splitlines() if line.startswith("## Files")), "")
        score.add("sum of lines tells what is unknown", "unknown" in head, session, head)
    if files:
        score.add("no file told twice", len({name.replace("\\", "/") for name in files}) == len(files), session,
                  str([name for name in files if "\\" in name][:3]))
    claimed = [name for name, file in files.items() if file.get("edits", 0)]
    real_names = {relative(path, truth.cwd) for path in {*truth.edited, *getattr(truth, "perhaps", ())} if path}
    score.add("no file invented", all(name in real_names for name in claimed), session, str(set(claimed) - real_names))

    # Commands.
    if truth.commands:
        last = truth.commands[-1]
        both("last command", begins((state.get("last_command") or {}).get("command", ""), last["command"], 30),
             start(last["command"], 30) in plain(section("State now")), last["command"])
        # Masked by a pipe, what it printed may tell; where nothing tells how it ended, nobody knows.
        ended = {"ok": "ok", "failed": "failed", "refused": "rejected", "stopped": "interrupted",
                 "running": "running", None: "unknown"}[last["status"]]
        shown = (state.get("last_command") or {}).get("outcome")
        if begins((state.get("last_command") or {}).get("command", ""), last["command"], 30):
            # What it printed may tell of any command.
            told = ended == "unknown" and shown == "failed" and bool(checks.FAILED_OUTPUT.search(last["output"]))
            score.add("outcome of last command", shown == ended or told or is_hidden_failure(last) and shown == "failed", session,
                      f"{last['command']}: {ended}, shown {shown}")
    failures = [index for index, command in enumerate(truth.commands) if command["failed"]]
    shown = state.get("last_failure")
    if failures:
        last = truth.commands[failures[-1]]
        both("last failing command", shown and begins(shown["command"], last["command"], 30),
             start(last["command"], 30) in plain(section("State now")), last["command"])
        # The same line again, without error and without signs of failure where a pipe may hide it.
        again = [command for command in truth.commands[failures[-1] + 1:] if same(command["command"], last["command"])
                 and command["status"] == "ok" and not (is_hidden_failure(command))]
        if shown:
            # A wider run of the same check may resolve it too; what is resolved must be, and be told by which run.
            resolved = bool(again) or shown.get("resolved", False) and resolves(truth, failures[-1])
            both("last failure resolved", shown.get("resolved", False) == resolved,
                 ("not resolved" in page) != resolved, last["command"])
    else:
        # Where no exit code is kept, what a command printed may tell.
        may_be = shown is not None and any(command["failed"] is None and begins(shown["command"], command["command"], 30)
                                           and checks.FAILED_OUTPUT.search(command["output"]) for command in truth.commands)
        both("no failure invented", shown is None or may_be, "Last failing command" not in page or may_be,
             str(shown and shown["command"]))

    # Checks.
    runs = [command for command in truth.commands if checks.is_check(command["command"])
              and command["status"] in ("ok", "failed", "stopped", "running")]
    if runs:
        last = runs[-1]
        shown = handoff.get("checks", [])
        found = shown[-1] if shown else {}
        words = set(re.findall(r"[\w./:-]+", last["command"]))
        names = set(re.findall(r"[\w./:-]+", found.get("command", "").replace("…", "")))
        same_check = bool(found) and len(names & words) >= max(1, len(names) - 1)
        in_page = section("Verification").strip().splitlines()
        both("last check", same_check, bool(in_page) and same_check, f"{last['command']} / {found.get('command')}")
        if same_check:
            outcome = {"ok": "ok", "failed": "failed", "stopped": "interrupted", "running": "running"}[last["status"]]
            if outcome == "ok" and is_hidden_failure(last):
                outcome = "failed"
            word = {"ok": ": ok", "failed": ": failed", "interrupted": ": interrupted", "running": "background"}[outcome]
            run = state.get("last_command") or {}
            if run.get("cite") == found.get("cite"):
                score.add("last command ends as its check", run.get("outcome") == found.get("outcome"), session,
                          f"{last['command']}: {run.get('outcome')}, as a check {found.get('outcome')}")
            both("outcome of last check", found.get("outcome") == outcome, word in in_page[-1],
                 f"{last['command']}: {outcome}, shown {found.get('outcome')}: {last['output'][-200:]}")

    # Commits and todos.
    if truth.commits:
        sha, subject = truth.commits[-1]
        commit = state.get("last_commit") or {}
        both("last commit", commit.get("sha") == sha and begins(commit.get("subject", ""), subject, 30), sha in section("State now"), sha)
    else:
        both("no commit invented", "last_commit" not in state, not re.search(r"^- Last commit", section("State now"), re.M))
    todos = [todo["text"] for todo in handoff.get("todos", [])]
    in_page = plain(section("Open todos"))
    for todo in truth.todos:
        both("open todos", any(begins(shown, todo, 30) for shown in todos), start(todo, 30) in in_page, todo)
    score.add("no todo invented", all(any(begins(shown, todo, 1) for todo in truth.todos) for shown in todos), session,
              str(todos))
    limit = {"brief": 4000, "standard": 12000, "full": 40000}[budget]
    score.add("within budget", len(text.encode()) <= limit and len(page.encode()) <= limit, session,
              f"{len(text.encode())} {len(page.encode())}")


def same(one, other):
    strip = lambda text: re.sub(r"^cd \S+ && |\s*2>&1|\s*\|\s*(?:tail|head|grep)\b[^|]*", "", text).strip()
    return strip(one) == strip(other)


def is_hidden_failure(command):
    return checks.is_check(command["command"]) and checks.is_masked(command["command"]) \
        and bool(checks.FAILED_OUTPUT.search(command["output"]))


def resolves(truth, index):
    """Whether a later run that succeeded shares the check's first words."""
    tools = lambda command: {found.group(0).strip(" ;&|(") for found in checks.CHECK.finditer(checks.without_quotes(command))}
    wanted = tools(truth.commands[index]["command"])
    return bool(wanted) and any(command["status"] == "ok" and wanted <= tools(command["command"])
                                for command in truth.commands[index + 1:])


def judge_citations(score, session, handoff, page, events):
    """Every citation names an event, and what is quoted with it stands there."""
    texts = {}

    def text_of(number):
        if number not in texts:
            texts[number] = plain("\n".join(strings(events[number])))
        return texts[number]

    def holds(cites, quote):
        numbers = [int(cite.rsplit("#", 1)[1]) for cite in cites if cite]
        return all(any(part in text_of(number) for number in numbers if number in events) for part in pieces(quote))

    for cite in re.findall(r"\[(#\d+)\]", page) + list(all_cites(handoff)):
        score.add("citations resolve", int(cite[1:]) in events, session, cite)

    def check(quote, *cites):
        score.add("quotes hold", holds(cites, quote), session, f"{cites} {quote}")

    state, objective = handoff["state"], handoff["objective"]
    for quote in [*objective.values(), state.get("last_words"), state.get("question"), *handoff.get("prompts", []),
                  *state.get("pull_requests", []), (state.get("last_failure") or {}).get("output"),
                  *(error.get("output") for error in handoff.get("errors", []))]:
        if quote:
            check(quote["text"], quote["cite"])
    for run in (state.get("last_command"), state.get("last_failure")):
        if run:
            check(run["command"], run["cite"])
    for commit in handoff.get("commits", []):
        check(commit["sha"], commit["cite"])
        check(commit["subject"], commit["cite"])
    for todo in handoff.get("todos", []):
        check(todo["text"], todo["cite"])
    for decision in handoff.get("decisions", []):
        check(decision.get("text", ""), decision["cite"])
    for check_ in handoff.get("checks", []):
        for name in check_.get("failing", []):
            check(name, check_.get("output_cite"))
    for file in handoff.get("files", []):
        name = file["path"].rsplit("/", 1)[-1]
        check(name, file["cite"])


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("type", "media_type"):
                yield from strings(item)


def all_cites(value, key=""):
    if isinstance(value, str):
        if key in ("cite", "output_cite", "resolved_by", "stale", "shell", "thrown_away"):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from all_cites(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from all_cites(item, name)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--socket", action="append", default=[])
    arguments.add_argument("--folder")
    arguments.add_argument("--budget", default="standard")
    arguments.add_argument("--limit", type=int)
    arguments.add_argument("--agent")
    arguments.add_argument("--by-agent", action="store_true")
    arguments.add_argument("--verbose", action="store_true")
    options = arguments.parse_args()
    score, judged = Score(options.verbose), 0
    for source in [Daemon(path) for path in options.socket] or [Folder(options.folder)]:
        for session, agent, path in sorted(source.sessions()):
            if options.limit is not None and judged >= options.limit or options.agent not in (None, agent):
                continue
            truth = truth_of(agent, path)
            if truth is None:
                continue
            judged += 1
            score.agent = agent
            text, page, equal = source.handoff(session, options.budget)
            score.add("two runs equal", equal, session)
            judge_session(score, session, truth, text, page, options.budget)
            judge_citations(score, session, json.loads(text), page, source.events(session))
    print(f"{judged} sessions, budget {options.budget}")
    if options.by_agent:
        score.show_agents()
    if not score.show():
        sys.exit(1)


def truth_of(agent, path):
    """What really happened, or None where that cannot be told: no module, no file, or a form that it does not read."""
    place = path if os.path.exists(path) else path.rpartition("#")[0]
    return READERS[agent](path) if agent in READERS and os.path.exists(place) else None


if __name__ == "__main__":
    main()
