"""Kimi Code: the wire between the agent and its window, one event a line."""

import re

from .truth import Truth, records, words_of

MINE = ("user", None)


def kimi(path):
    truth = Truth(path)
    calls = {}
    child = not path.endswith("/main/wire.jsonl")
    for record in records(path):
        kind, event = record.get("type"), record.get("event") or {}
        origin = (record.get("origin") or {}).get("kind")
        if kind == "config.update":
            truth.cwd = truth.cwd or record.get("cwd")
        elif kind in ("turn.prompt", "turn.steer") and (origin in MINE or child and not truth.prompts):
            truth.prompt(words_of(record.get("input")))
        elif kind == "context.append_loop_event" and event.get("type") == "tool.call":
            calls[event.get("toolCallId")] = event
            if event.get("name") == "Bash":
                truth.command(event.get("toolCallId"), (event.get("args") or {}).get("command"))
            elif event.get("name") == "TodoList" and isinstance((event.get("args") or {}).get("todos"), list):
                truth.todos = [item.get("title") or item.get("content") for item in event["args"]["todos"]
                               if item.get("status") in ("pending", "in_progress")]
        elif kind == "context.append_loop_event" and event.get("type") == "tool.result" \
                and event.get("toolCallId") in calls:
            result(truth, event.get("result") or {}, calls[event["toolCallId"]])
    return truth


def result(truth, outcome, call):
    output, failed = outcome.get("output"), bool(outcome.get("isError"))
    output = output if isinstance(output, str) else words_of(output)
    name, data = call.get("name"), call.get("args") or {}
    if name == "Bash":
        code = re.search(r"failed with exit code: (-?\d+)", output)
        truth.answer(call["toolCallId"], output, int(code.group(1)) if failed and code else None,
                     "failed" if failed else "ok")
    elif failed:
        return
    elif name == "Write":
        truth.overwritten(data.get("path"), data.get("content") or "")
    elif name == "Edit":
        truth.replaced(data.get("path"), data.get("old_string"), data.get("new_string") or "", data.get("replace_all"))
