"""pi, and OpenClaw, which writes the same lines."""

import re

from .truth import Truth, blocks_of, records, words_of

SHELLS = ("bash", "shell_exec", "run_terminal")


def pi(path):
    truth = Truth(path)
    calls = {}
    for record in records(path):
        truth.cwd = truth.cwd or record.get("cwd") if record.get("type") == "session" else truth.cwd
        message = record.get("message") or {}
        role = message.get("role") if record.get("type") == "message" else None
        if role == "user":
            truth.prompt(words_of(message.get("content")))
        elif role == "bashExecution":
            truth.command(record.get("id"), message.get("command"))
            truth.answer(record.get("id"), message.get("output") or "", message.get("exitCode"),
                         "stopped" if message.get("cancelled") else None)
        elif role == "assistant":
            for block in blocks_of(message.get("content")):
                if block.get("type") == "toolCall":
                    calls[block.get("id")] = block
                    if block.get("name") in SHELLS:
                        truth.command(block.get("id"), (block.get("arguments") or {}).get("command"))
        elif role == "toolResult" and message.get("toolCallId") in calls:
            result(truth, message, calls[message["toolCallId"]])
    return truth


def result(truth, message, call):
    text, failed = words_of(message.get("content")), bool(message.get("isError"))
    name, data = call.get("name"), call.get("arguments") or {}
    if name in SHELLS:
        code = re.search(r"exited with code (-?\d+)", text)
        if failed and not code and "abort" in text.lower():
            truth.answer(call["id"], text, status="stopped")
        else:
            truth.answer(call["id"], text, int(code.group(1)) if failed and code else None, "failed" if failed else "ok")
    elif failed:
        return
    elif name in ("write", "edit_file"):
        # Whether the file was there before is not told.
        truth.overwritten(data.get("path"), data.get("content") or "")
    elif name == "edit":
        edits = data.get("edits") or [data]
        diff = (message.get("details") or {}).get("diff") or ""
        sheet = truth.sheet(data.get("path"))
        # The numbers of the lines in these diffs do not hold, so what an edit changed is only known when it was the only one.
        if truth.edited[data.get("path")] == 1 and diff and len(edits) == 1:
            sheet.patch([(0, [re.sub(r"^([-+ ]) *\d+ ", r"\1", line) for line in diff.split("\n")
                              if re.match(r"[-+ ] *\d+ ", line)])])
        else:
            sheet.lose()
