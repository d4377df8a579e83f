"""Gemini CLI: one JSON document, or lines of messages of which the last copy holds."""

import json
import re

from .truth import Truth, records

CLIENT = ("<session_context>", "<user-prompt-submit", "<system")


def messages_of(path):
    with open(path, encoding="utf-8") as file:
        try:
            return json.load(file).get("messages") or []
        except ValueError:
            pass
    messages = {}
    for record in records(path):
        if "$rewindTo" in record:
            numbers = list(messages)
            cut = numbers.index(record["$rewindTo"]) if record["$rewindTo"] in messages else 0
            for number in numbers[cut:]:
                del messages[number]
        elif "id" in record:
            messages[record["id"]] = record
        for message in (record.get("$set") or {}).get("messages") or record.get("messages") or []:
            # The model's history was put in another one's place; what happened stays what happened.
            messages.setdefault(message.get("id"), message)
    return list(messages.values())


def said(content):
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content or {}]
    return "\n".join(part.get("text") or "" for part in parts if isinstance(part, dict) and not part.get("thought"))


def gemini(path):
    truth = Truth(path)
    for message in messages_of(path):
        if message.get("type") == "user":
            text = said(message.get("displayContent") or message.get("content"))
            if not text.lstrip().startswith(CLIENT):
                truth.prompt(text)
        for call in message.get("toolCalls") or []:
            tool(truth, call.get("id"), call.get("name"), call.get("args") or {}, call.get("status"),
                 answer_of(call.get("result")), call.get("resultDisplay"))
    return truth


def answer_of(result):
    """What a tool answered, as text."""
    texts = []
    for part in result if isinstance(result, list) else [result]:
        response = ((part or {}).get("functionResponse") or {}).get("response") or {} if isinstance(part, dict) else {}
        texts.append(str(response.get("output") or response.get("error") or ""))
    return "\n".join(texts)


def tool(truth, number, name, data, status, output, shown):
    """Of this agent and of those that came from it."""
    if name == "run_shell_command":
        truth.command(number, data.get("command"))
        code = re.search(r"Exit Code: (-?\d+)", output)
        if status == "cancelled":
            truth.answer(number, output, status="stopped")
        elif status == "error":
            truth.answer(number, output, status="failed")
        elif status == "success":
            # Newer versions name the code only when it is not 0.
            truth.answer(number, output, int(code.group(1)) if code else 0)
    elif status != "success":
        return
    elif name in ("write_file", "replace", "edit"):
        path = data.get("file_path") or data.get("path")
        if isinstance(shown, dict) and isinstance(shown.get("newContent"), str) and shown.get("originalContent") is not None:
            truth.changed(shown.get("filePath") or path, shown["originalContent"], shown["newContent"])
        elif name == "write_file":
            write = truth.created if "new file" in output else truth.overwritten
            write(path, data.get("content") or "")
        else:
            truth.replaced(path, data.get("old_string"), data.get("new_string") or "")
    elif name in ("write_todos", "todo_write"):
        truth.todos = [item.get("description") or item.get("content") for item in data.get("todos") or []
                       if item.get("status") in ("pending", "in_progress")]
