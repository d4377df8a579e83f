#!/usr/bin/env python3
"""Counts what the chats of GitHub Copilot in VS Code hold, independently of the Rust reader that the counts are held
against.

    count_copilot.py CORPUS       the sample CORPUS/vscode-copilot/home

Prints the JSON that tests/it/counts.rs describes. An exported chat (CORPUS/vscode-copilot/exported) lies in no place
that is looked into; the samples of the home are made of it.

What counts as what, for each request:
  prompts        one with a text
  calls, agent   of the rounds in which the model was asked: their calls, and answers with a text; where the rounds tell
                 none, of the parts that the person was shown: what is not hidden, and each run of text
  results        calls that a result is told of
  errors         results that failed or were refused, and errors of requests
  edits          files named by the calls that edit and have a result, call by call; and files that were changed without
  compactions    requests with a summary
"""

import glob
import json
import os
import re
import sqlite3
import sys
import urllib.parse

CREATE = {"create_file": "filePath", "replace_string_in_file": "filePath", "insert_edit_into_file": "filePath",
          "edit_notebook_file": "filePath"}


def replay(path):
    document = None
    for line in open(path, encoding="utf-8"):
        try:
            change = json.loads(line)
        except ValueError:
            continue
        if change["kind"] == 0:
            document = change["v"]
            continue
        *above, last = change["k"]
        at = document
        for step in above:
            at = at[step]
        if change["kind"] == 1:
            at[last] = change["v"]
        elif change["kind"] == 2:
            at[last] = at[last][:change.get("i")] + change["v"]
        else:
            del at[last]
    return document


def same(path):
    return urllib.parse.unquote(path).replace("\\", "/").lstrip("/").lower()


def request_counts(request, add):
    text = request["message"] if isinstance(request["message"], str) else request["message"].get("text")
    add("prompts", bool(text))
    parts, result = request["response"], request.get("result") or {}
    metadata = result.get("metadata") or {}
    add("compactions", bool((metadata.get("summary") or {}).get("text")))
    add("errors", bool((result.get("errorDetails") or {}).get("message")))
    usage = result.get("usage") or {}
    add("input", usage.get("promptTokens"))
    add("output", usage.get("completionTokens"))
    rounds = metadata.get("toolCallRounds") or []
    answers = [asked for asked in rounds if (asked.get("response") or "").strip()]
    calls = [call for asked in rounds for call in asked.get("toolCalls") or []]
    results, touched = metadata.get("toolCallResults") or {}, set()
    add("agent", len(answers))
    add("calls", len(calls))
    for call in calls:
        add("results", call["id"] in results)
        if call["id"] not in results:
            continue
        arguments = json.loads(call["arguments"] or "{}")
        paths = [arguments[CREATE[call["name"]]]] if call["name"] in CREATE else []
        if call["name"] == "apply_patch":
            paths = re.findall(r"(?m)^\*\*\* (?:Add|Update|Delete) File: (.*)$", arguments["input"])
        add("edits", len(paths))
        touched |= {same(path) for path in paths}
    shown = [part for part in parts if part.get("kind") == "toolInvocationSerialized"
             and part.get("presentation") != "hidden"]
    if not calls:
        add("calls", len(shown))
        add("results", sum(1 for part in shown if part.get("isComplete", True)))
        add("errors", sum(1 for part in shown if isinstance(part.get("resultDetails"), dict)
                          and part["resultDetails"].get("isError")))
    if not answers:
        # A run of text goes on until something was done.
        runs = [""]
        for part in parts:
            if part in shown and not calls:
                runs.append("")
            elif part.get("kind") is None:
                runs[-1] += part["value"]
            elif part["kind"] == "inlineReference":
                runs[-1] += "x"
        add("agent", sum(1 for run in runs if run.strip()))
    for part in parts:
        if part.get("kind") in ("textEditGroup", "notebookEditGroup") and part["edits"]:
            path = same(part["uri"].get("fsPath") or part["uri"]["path"])
            add("edits", path not in touched)
            touched.add(path)


def count(session):
    counts = {}

    def add(what, number=1):
        if number:
            counts[what] = counts.get(what, 0) + number

    for request in session["requests"]:
        request_counts(request, add)
    return dict(sorted(counts.items()))


def main():
    users = os.path.join(glob.escape(sys.argv[1]), "vscode-copilot/home/.config/Code/User")
    found = []
    for path in glob.glob(users + "/*Storage/*/**/*.json", recursive=True):
        if os.path.basename(path) != "workspace.json":
            found.append(json.load(open(path, encoding="utf-8")))
    for path in glob.glob(users + "/*Storage/**/*.jsonl", recursive=True):
        found.append(replay(path))
    for path in glob.glob(users + "/workspaceStorage/*/state.vscdb"):
        connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        for (value,) in connection.execute("SELECT value FROM ItemTable WHERE key = 'interactive.sessions'"):
            found.extend(json.loads(value))
    sessions = {session["sessionId"]: count(session) for session in sorted(found, key=lambda one: one["sessionId"])}
    print(json.dumps({"agent": "copilot", "samples": {"vscode-copilot/home": sessions}}, indent=1))


main()
