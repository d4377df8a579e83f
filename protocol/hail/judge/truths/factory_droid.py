"""Factory's Droid: messages with blocks, one a line."""

import re

from .truth import OPEN_ITEM, Truth, blocks_of, records, words_of

REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.S)
DONE = re.compile(r"^\s*(?:\d+\.|[-*])?\s*\[(?:pending|in_progress)\]\s*(.+)$", re.M)


def factory_droid(path):
    truth = Truth(path)
    calls = {}
    for record in records(path):
        message = record.get("message") or {}
        if record.get("type") == "session_start":
            truth.cwd = record.get("cwd")
        elif record.get("type") == "todo_state":
            listed = (record.get("todos") or {}).get("todos") or ""
            truth.todos = DONE.findall(listed) or OPEN_ITEM.findall(listed)
        for block in blocks_of(message.get("content")):
            if block.get("type") == "tool_use":
                calls[block.get("id")] = block
                if block.get("name") == "Execute":
                    truth.command(block.get("id"), (block.get("input") or {}).get("command"))
            elif block.get("type") == "tool_result" and block.get("tool_use_id") in calls:
                result(truth, block, calls[block["tool_use_id"]])
        if record.get("type") == "message" and message.get("role") == "user":
            truth.prompt(REMINDER.sub("", words_of(message.get("content"))))
    return truth


def result(truth, block, call):
    text = words_of(block.get("content"))
    code = re.search(r"\(exit code: (-?\d+)\)", text)
    failed = bool(block.get("is_error")) or bool(code and text.startswith("Error: "))
    name, data = call.get("name"), call.get("input") or {}
    if name == "Execute":
        truth.answer(call["id"], text, int(code.group(1)) if failed and code else None, "failed" if failed else "ok")
    elif failed:
        return
    elif name == "Create":
        truth.created(data.get("file_path"), data.get("content") or "")
    elif name == "Edit":
        truth.replaced(data.get("file_path"), data.get("old_str"), data.get("new_str") or "")
    elif name in ("MultiEdit", "ApplyPatch") and data.get("file_path"):
        truth.sheet(data["file_path"]).lose()
