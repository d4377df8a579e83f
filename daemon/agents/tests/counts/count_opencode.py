#!/usr/bin/env python3
"""Counts what OpenCode's sessions hold (and Kilo's, with `--kilo`), independently of the Rust reader.

    count_opencode.py CORPUS [--kilo]

Prints the JSON that tests/it/counts.rs reads. A session that is both in the database and in files is counted in the
database. Databases are copied before they are opened.

  prompts   text parts of user messages, neither synthetic nor ignored, and images attached to them
  system    the other text parts of user messages, other attached files
  agent     text parts of assistant messages that are no summary;  compactions: those that are one
  calls     tool parts; results: those completed or failed; errors: failed ones and exit codes other than 0
  edits     completed edits and writes, each file of a patch, each of a multiedit
  todos     completed todowrite calls
  input ... sums over the assistant messages; reasoning is output
"""
import glob
import json
import os
import shutil
import sqlite3
import sys
import tempfile


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def from_files(storage):
    """Session id -> list of (message, parts)."""
    sessions = {}
    for path in glob.glob(f"{storage}/session/*/*.json"):
        sid = os.path.basename(path)[:-5]
        messages = []
        for message in sorted(glob.glob(f"{storage}/message/{sid}/*.json")):
            mid = os.path.basename(message)[:-5]
            messages.append((load(message), [load(p) for p in sorted(glob.glob(f"{storage}/part/{mid}/*.json"))]))
        sessions[sid] = messages
    return sessions


def from_database(path):
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            if os.path.exists(path + suffix):
                shutil.copyfile(path + suffix, f"{folder}/copy.db{suffix}")
        connection = sqlite3.connect(f"{folder}/copy.db")
        sessions = {}
        for (sid,) in connection.execute("SELECT id FROM session").fetchall():
            rows = connection.execute("SELECT id, data FROM message WHERE session_id = ?", [sid]).fetchall()
            messages = []
            for mid, data in rows:
                parts = connection.execute("SELECT data FROM part WHERE message_id = ?", [mid])
                messages.append((json.loads(data), [json.loads(part) for (part,) in parts]))
            if not rows:
                tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
                if "session_message" in tables:
                    query = "SELECT type, data FROM session_message WHERE session_id = ?"
                    for kind, data in connection.execute(query, [sid]):
                        data = json.loads(data)
                        parts = data.get("content") or [{"type": "text", "text": data["text"]}]
                        messages.append((dict(data, role=kind), parts))
            sessions[sid] = messages
        connection.close()
        return sessions


def count(messages):
    counts = {}

    def add(what, number=1):
        if number:
            counts[what] = counts.get(what, 0) + number

    for message, parts in messages:
        user = message["role"] == "user"
        for part in parts:
            kind = part["type"]
            if kind == "text" and part["text"].strip():
                if user:
                    add("system" if part.get("synthetic") or part.get("ignored") else "prompts")
                else:
                    add("compactions" if message.get("summary") is True else "agent")
            elif kind == "reasoning" and part["text"].strip():
                add("thinking")
            elif kind == "file" and user:
                add("prompts" if part.get("mime", "").startswith("image/") else "system")
            elif kind == "tool":
                state = part["state"]
                add("calls")
                if state["status"] not in ("completed", "error"):
                    continue
                add("results")
                failed = state["status"] == "error" or (state.get("metadata") or {}).get("exit") not in (None, 0)
                if failed:
                    add("errors")
                elif part["tool"] in ("edit", "write"):
                    add("edits")
                elif part["tool"] in ("patch", "apply_patch"):
                    add("edits", len(state["metadata"]["files"]))
                elif part["tool"] == "multiedit":
                    add("edits", len(state["input"]["edits"]))
                elif part["tool"] == "todowrite":
                    add("todos")
        if message.get("error"):
            add("errors")
        tokens = message.get("tokens")
        if tokens:
            add("input", tokens["input"])
            add("output", tokens["output"] + tokens["reasoning"])
            add("cache_read", tokens["cache"]["read"])
            add("cache_write", tokens["cache"]["write"])
    return counts


def main():
    corpus = sys.argv[1]
    agent = "kilo" if "--kilo" in sys.argv[2:] else "opencode"
    samples = {}
    for home in sorted(glob.glob(f"{corpus}/{agent}/home*")):
        data = f"{home}/.local/share/{agent}"
        sessions = from_files(f"{data}/storage")
        for path in glob.glob(f"{data}/*.db"):
            sessions.update(from_database(path))
        samples[os.path.relpath(home, corpus)] = {sid: count(rows) for sid, rows in sessions.items() if rows}
    json.dump({"agent": agent, "samples": samples}, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
