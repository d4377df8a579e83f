"""Cline, Roo Code and Kilo Code: what the person was shown, the model's messages where that says little, and the sessions of
the newest Cline."""

import json
import os
import re

from .truth import OPEN_ITEM, Truth, blocks_of, parsed, words_of

TAGGED = re.compile(r"<(task|feedback|answer|user_message)>(.*?)</\1>", re.S)
ANSWERS = re.compile(r"\A\s*\[[^\]]*\] Result:", re.S)
CLIENT = re.compile(r"<environment_details>.*?</environment_details>", re.S)
BLOCK = re.compile(r"^(?:-{5,9}|<{5,9}) SEARCH>?\n(.*?)^={5,9}\n(.*?)^(?:\+{5,9}|>{5,9}) REPLACE>?", re.S | re.M)
FINAL = re.compile(r'<final_file_content path="([^"]*)">\n(.*?)\n</final_file_content>', re.S)
CWD = re.compile(r"# Current Working Directory \(([^)\n]+)\)")


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def cline(path):
    document = read(path)
    if isinstance(document, dict):
        return from_messages(Truth(path), document.get("messages") or [])
    if not any(item.get("say") == "api_req_started" for item in document):
        other = os.path.join(os.path.dirname(path), "api_conversation_history.json")
        return from_messages(Truth(path), read(other) if os.path.exists(other) else document)
    truth = Truth(path)
    for index, item in enumerate(document):
        kind, text = item.get("say") or item.get("ask"), item.get("text") or ""
        asked = item.get("type") == "ask"
        if item.get("partial"):
            continue
        if kind == "api_req_started":
            found = CWD.search(parsed(text).get("request") or "")
            truth.cwd = truth.cwd or (found.group(1) if found else None)
        if kind in ("task", "user_feedback") or index == 0 and kind == "text":
            truth.prompt(text, item.get("files") or [])
        elif kind == "command" and not (asked and "denied" in answer_to(document, index)):
            truth.command(index, re.sub(r"REQ_APP$", "", text).rstrip())
        elif kind == "command_output" and truth.commands:
            truth.commands[-1]["output"] += text
        elif kind == "tool":
            edit(truth, parsed(text), asked, answer_to(document, index))
        elif kind == "task_progress":
            truth.todos = [item.strip() for item in OPEN_ITEM.findall(text)]
    return truth


def answer_to(document, index):
    """What the model was told next."""
    following = (item for item in document[index + 1:] if item.get("say") == "api_req_started")
    return parsed(next(following, {}).get("text") or "{}").get("request") or ""


def edit(truth, tool, asked, answer):
    path, content = tool.get("path"), tool.get("content") or tool.get("diff") or ""
    if tool.get("tool") not in ("newFileCreated", "editedExistingFile", "appliedDiff", "fileDeleted") or not path:
        return
    saved = "successfully saved" in answer
    if not saved:
        # Somebody was asked, or it went wrong: nothing tells that it was made.
        truth.perhaps.add(path)
        return
    shown = FINAL.search(answer)
    final = shown.group(2).replace("\r", "").removesuffix("\n") + "\n" if shown else None
    if tool["tool"] == "newFileCreated":
        truth.created(path, content if final is None else final)
        return
    # The edit is undone in what came of it: the file may have been formatted on saving, or changed by somebody else.
    blocks, before = BLOCK.findall(content.replace("\r", "")), final or ""
    for old, new in reversed(blocks):
        before = before.replace(new, old, 1) if new and before.count(new) == 1 else ""
    if final is None or not blocks or not before:
        truth.sheet(path).lose()
    else:
        truth.changed(path, before, final)


def from_messages(truth, messages):
    """The model's own messages."""
    calls = {}
    for message in messages:
        texts, names = [], []
        for block in blocks_of(message.get("content")):
            if block.get("type") == "tool_use":
                calls[block.get("id")] = block
                for index, command in enumerate(commands_of(block)):
                    truth.command((block.get("id"), index), command)
            elif block.get("type") == "tool_result" and block.get("tool_use_id") in calls:
                result(truth, block, calls[block["tool_use_id"]])
            elif block.get("type") == "file":
                names.append(block.get("path"))
            elif block.get("type") == "text" and not ANSWERS.match(block.get("text") or ""):
                texts.append(CLIENT.sub("", block.get("text") or ""))
        if message.get("role") == "user" and (message.get("metadata") or {}).get("kind") != "compaction":
            said = "\n".join(texts)
            tagged = "\n".join(found.group(2) for found in TAGGED.finditer(said))
            truth.prompt(tagged or said, names)
    return truth


def commands_of(call):
    data = call.get("input") or {}
    if call.get("name") == "run_commands":
        return [command for command in data.get("commands") or [] if isinstance(command, str)]
    return [data.get("command")] if call.get("name") == "execute_command" else []


def result(truth, block, call):
    content = block.get("content")
    content = parsed(content) if isinstance(content, str) else content
    answers = [content] if isinstance(content, dict) else [item for item in content or [] if isinstance(item, dict)]
    failed = bool(block.get("is_error")) or any(answer.get("success") is False or answer.get("error") for answer in answers)
    data = call.get("input") or {}
    for index, _ in enumerate(commands_of(call)):
        answer = answers[index] if index < len(answers) else {}
        ok = {True: "ok", False: "failed"}.get(answer.get("success"))
        truth.answer((call.get("id"), index), str(answer.get("result") or words_of(answers)), status=ok)
    if failed or not data.get("path"):
        return
    if call.get("name") == "write_to_file":
        truth.overwritten(data["path"], data.get("content") or "")
    elif call.get("name") == "editor" and data.get("old_text"):
        sheet = truth.sheet(data["path"])
        # Of one edit alone the two texts tell what it changed, for they are whole lines.
        if truth.edited[data["path"]] == 1:
            sheet.patch([(0, ["-" + line for line in data["old_text"].split("\n")]
                          + ["+" + line for line in (data.get("new_text") or "").split("\n")])])
        else:
            sheet.lose()
    elif call.get("name") in ("editor", "replace_in_file", "apply_diff", "apply_patch"):
        truth.sheet(data["path"]).lose()
