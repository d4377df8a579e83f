"""Goose: a database since 1.10."""

import re

from .truth import OPEN_ITEM, Truth, database, parsed


def goose(path):
    place, _, session = path.rpartition("#")
    tables = database(place)
    truth = Truth(path)
    truth.cwd = tables.execute("select working_dir from sessions where id = ?", (session,)).fetchone()[0]
    calls = {}
    for row in tables.execute("select role, content_json, metadata_json from messages where session_id = ? order by id",
                              (session,)):
        blocks = parsed(row["content_json"])
        if row["role"] == "user" and (parsed(row["metadata_json"]) or {}).get("userVisible") is not False:
            said = "\n".join(block.get("text") or "" for block in blocks if block.get("type") == "text")
            # A sub-agent's task is led in by a line of the client.
            truth.prompt(re.sub(r"\ASubagent ID: \S+\n+", "", said))
        for block in blocks:
            if block.get("type") == "toolRequest":
                call = (block.get("toolCall") or {}).get("value") or {}
                calls[block.get("id")] = call
                if call.get("name", "").rpartition("__")[2] == "shell":
                    truth.command(block.get("id"), (call.get("arguments") or {}).get("command"))
            elif block.get("type") == "toolResponse" and block.get("id") in calls:
                result(truth, block, calls[block["id"]])
    return truth


def result(truth, block, call):
    outcome = block.get("toolResult") or {}
    value = outcome.get("value")
    value = value if isinstance(value, dict) else {"content": value or []}
    text = "\n".join(item.get("text") or "" for item in value.get("content") or []
                     if "assistant" in (item.get("annotations") or {}).get("audience", ["assistant"]))
    failed = outcome.get("status") == "error" or bool(value.get("isError"))
    name, data = call.get("name", "").rpartition("__")[2], call.get("arguments") or {}
    if name == "shell":
        shown = value.get("structuredContent") or {}
        code = re.search(r"Command exited with code (-?\d+)", text)
        exit_code = shown.get("exit_code", int(code.group(1)) if code else None)
        truth.answer(block["id"], text + str(outcome.get("error") or ""), exit_code,
                     None if exit_code is not None else "failed" if failed else None)
    elif failed:
        return
    elif name == "write" or name == "text_editor" and data.get("command") == "write":
        write = truth.created if text.startswith("Created") else truth.overwritten
        write(data.get("path"), data.get("content") or data.get("file_text") or "")
    elif name == "edit":
        truth.replaced(data.get("path"), data.get("before"), data.get("after") or "")
    elif name == "text_editor" and data.get("command") == "str_replace":
        truth.replaced(data.get("path"), data.get("old_str"), data.get("new_str") or "")
    elif name == "text_editor" and data.get("command") in ("insert", "undo_edit"):
        truth.sheet(data.get("path")).lose()
    elif name == "todo_write":
        truth.todos = OPEN_ITEM.findall(data.get("content") or "")
