"""GitHub Copilot's command line: one event a line."""

import re

from .truth import Truth, parsed, records

SHELLS = ("bash", "powershell", "shell")


def copilot_cli(path):
    truth = Truth(path)
    events = []
    for event in records(path):
        void = (event.get("data") or {}).get("upToEventId") if event.get("type") == "session.snapshot_rewind" else None
        numbers = [number for number, _ in events]
        if void in numbers:
            del events[numbers.index(void) + 1:]
        events.append((event.get("id"), event))
    calls, answered = {}, set()
    for _, event in events:
        kind, data = event.get("type"), event.get("data") or {}
        aside = bool(event.get("agentId") or data.get("parentToolCallId"))
        number = data.get("toolCallId")
        if kind in ("session.start", "session.context_changed"):
            truth.cwd = truth.cwd or (data.get("context") or data).get("cwd")
        elif kind == "user.message" and not (aside or data.get("source") or data.get("isAutopilotContinuation")):
            truth.prompt(data.get("content"), [name for item in data.get("attachments") or []
                                               for name in (item.get("path"), item.get("displayName"))])
        elif kind == "tool.execution_start" and number not in calls:
            calls[number] = (data.get("toolName"), parsed(data.get("arguments")) or {})
            if data.get("toolName") in SHELLS:
                truth.command(number, calls[number][1].get("command"), aside)
        elif kind == "tool.execution_complete" and number in calls and number not in answered:
            answered.add(number)
            complete(truth, number, data, *calls[number])
    return truth


def complete(truth, number, data, name, arguments):
    result = data.get("result") or {}
    if name in SHELLS:
        output = result.get("content") or (data.get("error") or {}).get("message") or ""
        code = re.search(r"exited with exit code (-?\d+)", output)
        if code:
            truth.answer(number, output, int(code.group(1)))
        else:
            denied = (data.get("error") or {}).get("code") in ("denied", "rejected")
            truth.answer(number, output, status="ok" if data.get("success") else "refused" if denied else "failed")
    elif not data.get("success") or not isinstance(arguments, dict):
        return
    elif name == "create":
        truth.created(arguments.get("path"), arguments.get("file_text") or "")
    elif name == "edit":
        sheet = truth.sheets.get(arguments.get("path"))
        if sheet and sheet.whole() or not result.get("detailedContent"):
            truth.replaced(arguments.get("path"), arguments.get("old_str"), arguments.get("new_str") or "")
        else:
            truth.patched(arguments.get("path"), result["detailedContent"])
