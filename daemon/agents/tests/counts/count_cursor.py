#!/usr/bin/env python3
"""Counts what Cursor's databases, stores and transcripts hold, independently of the Rust reader that the counts are
held against.

    count_cursor.py CORPUS       the samples CORPUS/cursor/home-*

Prints the JSON that tests/it/counts.rs describes. Everything is read whole: all tables, all rows, all text.

What counts as what:
  prompts      user messages with a text or an image; of transcripts and stores each turn with a <user_query>, or with
               nothing that Cursor wrote
  system       what stands around <user_query>, turns that Cursor wrote, system messages of stores
  agent        messages of the agent with a text other than [REDACTED]
  thinking     reasoning with a text
  calls        tool calls with a name or a known number
  results      calls that are completed, cancelled, failed or rejected; of stores, results
  errors       of these the failed and rejected ones, and commands with an exit code other than zero
  edits        calls of editing tools that did not fail; of stores those with a good result, of transcripts all
  todos        calls that write the todo list and did not fail
  compactions  messages that carry a summary, or tell of one
"""

import glob
import hashlib
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile

EDITING = {"edit_file", "edit_file_v2", "search_replace", "write", "delete_file", "reapply", "edit_notebook",
           "Write", "StrReplace", "Delete", "EditNotebook"}
SHELL = {"run_terminal_cmd", "run_terminal_command_v2", "Shell"}
NUMBERS = {15, 7, 38, 40, 5, 6, 39, 41, 42, 18, 35, 48, 1, 3, 8, 11, 12, 16, 19, 30, 34, 57}


class Counts(dict):
    def add(self, what, number=1):
        if number:
            self[what] = self.get(what, 0) + number


def tables(path):
    """All rows of a database and its log, by table."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            if os.path.exists(path + suffix):
                shutil.copyfile(path + suffix, os.path.join(folder, "copy" + suffix))
        connection = sqlite3.connect(os.path.join(folder, "copy"))
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
        connection.close()
        return rows


def as_json(text):
    if isinstance(text, (str, bytes)):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def bubble(counts, message):
    user = message.get("type") in (1, "user")
    if user:
        images = message.get("images") or message.get("selectedImages") \
            or (message.get("context") or {}).get("selectedImages")
        rich = re.findall(r'"text":"(?:[^"\\]|\\.)+"', message.get("richText") or "")
        counts.add("prompts", bool((message.get("text") or "").strip() or rich or images))
        return
    counts.add("agent", bool((message.get("rawText") or message.get("text") or "").strip()))
    thinking = message.get("thinking")
    text = thinking if isinstance(thinking, str) else (thinking or {}).get("text")
    counts.add("thinking", bool(text or message.get("allThinkingBlocks")))
    summary = (as_json(message.get("cachedConversationSummary")) or {}).get("summary")
    counts.add("compactions", bool(summary or message.get("capabilityType") == 22))
    counts.add("errors", bool(message.get("errorDetails")))
    tokens = message.get("tokenCount") or {}
    counts.add("input", tokens.get("inputTokens"))
    counts.add("output", tokens.get("outputTokens"))
    tool = message.get("toolFormerData") or {}
    name = tool.get("name")
    if not name and tool.get("tool") not in NUMBERS:
        return
    counts.add("calls")
    result = as_json(tool.get("result"))
    rejected = tool.get("userDecision") == "rejected" or (isinstance(result, dict) and result.get("rejected") is True)
    ended = tool.get("status") in ("completed", "error", "cancelled") or result is not None or tool.get("error")
    if not (ended or rejected):
        return
    counts.add("results")
    failed = rejected or tool.get("status") == "error" or tool.get("error") is not None
    if name in SHELL and isinstance(result, dict):
        failed = failed or bool(result.get("exitCodeV2") or result.get("exitCode"))
    counts.add("errors", failed)
    if not failed and tool.get("status") == "completed":
        counts.add("edits", name in EDITING)
        counts.add("todos", name == "todo_write")


def editor(path, sessions):
    rows = tables(path)
    keyed = {key: value for key, value in rows.get("cursorDiskKV", []) if key and value is not None}
    for key in keyed:
        if not key.startswith("composerData:"):
            continue
        session = key.split(":", 1)[1]
        document = json.loads(keyed[key])
        order = [head["bubbleId"] for head in document.get("fullConversationHeadersOnly") or []]
        counts = Counts()
        for name in order:
            if f"bubbleId:{session}:{name}" in keyed:
                bubble(counts, json.loads(keyed[f"bubbleId:{session}:{name}"]))
        if not order:
            for message in document.get("conversation") or []:
                bubble(counts, message)
        if counts:
            sessions[session] = counts
    items = dict(rows.get("ItemTable", []))
    panel = json.loads(items.get("workbench.panel.aichat.view.aichat.chatdata") or "{}")
    composers = json.loads(items.get("composer.composerData") or "{}")
    for tab in panel.get("tabs", []):
        whole(sessions, tab["tabId"], tab["bubbles"])
    for composer in composers.get("allComposers", []):
        whole(sessions, composer["composerId"], composer.get("conversation") or [])


def whole(sessions, name, messages):
    counts = Counts()
    for message in messages:
        bubble(counts, message)
    if counts and name not in sessions:
        sessions[name] = counts


def turn(counts, text):
    query = re.compile(r"<user_query>(.*?)(?:</user_query>|\Z)", re.S)
    text = re.sub(r"\A\s*<timestamp>.*?</timestamp>", "", text, flags=re.S)
    if not query.search(text):
        cursors = re.match(r"\s*<(user_info|system_reminder|rules|project_layout|git_status|attached_files)[ >]", text)
        counts.add("system" if cursors else "prompts", bool(text.strip()))
        return
    counts.add("system", sum(1 for part in query.split(text)[::2] if part.strip()))
    counts.add("prompts", bool("".join(query.findall(text)).strip()))


def said(counts, text):
    counts.add("agent", bool(text.replace("[REDACTED]", "").strip()))


def store(path, sessions):
    rows = tables(path)
    meta = json.loads(bytes.fromhex(dict(rows["meta"])["0"]))
    blobs = dict(rows["blobs"])
    root = blobs[meta["latestRootBlobId"]]
    # The hashes that are those of other blobs, wherever they stand in the root.
    named = {bytes.fromhex(name): blob for name, blob in blobs.items() if hashlib.sha256(blob).hexdigest() == name}
    counts, calls = Counts(), {}
    for at in range(len(root) - 31):
        blob = named.get(root[at:at + 32])
        if not blob or not blob.startswith(b"{"):
            continue
        message = json.loads(blob)
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        text = "\n".join(part.get("text", "") for part in parts if part["type"] == "text")
        if message["role"] == "system":
            counts.add("system", bool(text.strip()))
        if message["role"] == "user":
            turn(counts, text)
        for part in parts:
            if message["role"] == "assistant" and part["type"] == "text":
                said(counts, part["text"])
            if part["type"] == "tool-call":
                calls[part["toolCallId"]] = part["toolName"]
                counts.add("calls")
                counts.add("todos", part["toolName"] == "TodoWrite")
            if part["type"] == "tool-result":
                counts.add("results")
                counts.add("errors", bool(part.get("isError")))
                counts.add("edits", calls.get(part["toolCallId"]) in EDITING and not part.get("isError"))
    sessions[meta["agentId"]] = counts


def lines(path, sessions):
    name = os.path.basename(path)[:-len(".jsonl")]
    counts = Counts()
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.strip():
                continue
            record = json.loads(line)
            parts = (record.get("message") or {}).get("content") or []
            if record.get("role") == "user":
                turn(counts, "\n".join(part.get("text", "") for part in parts))
                continue
            for part in parts:
                if part["type"] == "text":
                    said(counts, part["text"])
                if part["type"] == "tool_use":
                    counts.add("calls")
                    counts.add("edits", part["name"] in EDITING)
                    counts.add("todos", part["name"] == "TodoWrite")
    sessions.setdefault(name, counts)


def text(path, sessions):
    name = os.path.basename(path)[:-len(".txt")]
    counts = Counts()
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    # A block begins with a line of its own, after an empty line or a result.
    blocks = re.split(r"(?:\A|(?<=\n\n)|(?<=\n)(?<=\n))(?=(?:user|assistant):\n)", whole)
    merged = []
    for block in blocks:
        before = merged[-1] if merged else ""
        begins = not before or before.endswith("\n\n") or re.search(r"\[Tool result\][^\n]*\n\Z", before)
        if begins and re.match(r"(user|assistant):\n", block):
            merged.append(block)
        elif merged:
            merged[-1] += block
    for block in merged:
        role, _, body = block.partition(":\n")
        if role == "user":
            turn(counts, body)
            continue
        pieces = re.split(r"(?m)^(?=\[(?:Thinking\]|Tool call\] |Tool result\]))", body)
        for piece in pieces:
            if piece.startswith("[Thinking]"):
                counts.add("thinking", bool(piece[len("[Thinking]"):].strip()))
            elif piece.startswith("[Tool call] "):
                tool = piece.split("\n", 1)[0][len("[Tool call] "):]
                counts.add("calls")
                counts.add("edits", tool in EDITING)
                counts.add("todos", tool == "TodoWrite")
            elif piece.startswith("[Tool result]"):
                said(counts, piece.partition("\n")[2])
            else:
                said(counts, piece)
    sessions.setdefault(name, counts)


def main():
    corpus = sys.argv[1]
    samples = {}
    for home in sorted(glob.glob(os.path.join(glob.escape(corpus), "cursor", "home-*"))):
        sessions = {}
        users = os.path.join(home, ".config/Cursor/User")
        for path in sorted(glob.glob(f"{users}/globalStorage/state.vscdb")):
            editor(path, sessions)
        for path in sorted(glob.glob(f"{users}/workspaceStorage/*/state.vscdb")):
            editor(path, sessions)
        for path in sorted(glob.glob(f"{home}/.cursor/chats/*/*/store.db")):
            store(path, sessions)
        for path in sorted(glob.glob(f"{home}/.cursor/projects/*/agent-transcripts/**/*.jsonl", recursive=True)):
            lines(path, sessions)
        for path in sorted(glob.glob(f"{home}/.cursor/projects/*/agent-transcripts/**/*.txt", recursive=True)):
            text(path, sessions)
        samples[os.path.relpath(home, corpus)] = {name: dict(sorted(sessions[name].items())) for name in sorted(sessions)}
    print(json.dumps({"agent": "cursor", "samples": samples}, indent=1))


main()
