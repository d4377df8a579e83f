"""Codex rollouts."""

import json
import re

from .truth import COMMIT, Truth, absolute, blocks_of, records, words_of


def codex(path):
    """Codex rollouts: items wrapped in `payload`, or bare in the oldest versions."""
    truth = Truth(path)
    by_id, patches = {}, {}
    items = []
    for record in records(path):
        payload = record.get("payload") if isinstance(record.get("payload"), dict) else record
        kind = record.get("type") if "payload" in record else "response_item"
        items.append((kind, payload))
        if truth.cwd is None and isinstance(payload.get("cwd"), str):
            truth.cwd = payload["cwd"]
    has_events = any(kind == "event_msg" and payload.get("type") == "user_message" for kind, payload in items)
    has_patches = any(kind == "event_msg" and payload.get("type") == "patch_apply_end" for kind, payload in items)
    for kind, payload in items:
        what = payload.get("type")
        if kind == "event_msg" and what == "user_message" and has_events:
            text = (payload.get("message") or "").split("## My request for Codex:")[-1].strip()
            if text:
                truth.prompts.append(text)
        elif kind == "event_msg" and what == "patch_apply_end" and payload.get("success"):
            for name, change in (payload.get("changes") or {}).items():
                change_type = change.get("type") or next(iter(change), None)
                body = change if change.get("type") else change.get(change_type) or {}
                if change_type == "add":
                    truth.created(absolute(name, truth.cwd), body.get("content") or "")
                elif body.get("unified_diff"):
                    truth.patched(absolute(name, truth.cwd), body["unified_diff"])
                else:
                    truth.sheet(absolute(name, truth.cwd)).lose()
        elif kind == "response_item" and what == "message" and payload.get("role") == "user" and not has_events:
            text = words_of([{**block, "type": "text"} for block in blocks_of(payload.get("content"))]).strip()
            if text and not text.startswith(("<environment_context", "<user_instructions", "# AGENTS.md", "<permissions")):
                truth.prompts.append(text)
        elif kind == "response_item" and what in ("function_call", "local_shell_call", "custom_tool_call"):
            command = codex_command(payload)
            if command is not None and "*** Begin Patch" not in command:
                entry = {"id": payload.get("call_id"), "command": command, "failed": None, "output": "", "exit": None,
                         "status": None}
                truth.commands.append(entry)
                by_id[payload.get("call_id")] = entry
            if what == "custom_tool_call" and payload.get("name") == "apply_patch":
                patches[payload.get("call_id")] = payload.get("input") or ""
            if payload.get("name") == "update_plan":
                try:
                    plan = json.loads(payload.get("arguments") or "{}").get("plan") or []
                except ValueError:
                    plan = []
                truth.todos = [item.get("step") for item in plan if item.get("status") in ("pending", "in_progress")]
        elif kind == "response_item" and what in ("function_call_output", "custom_tool_call_output"):
            entry = by_id.get(payload.get("call_id"))
            patch = patches.get(payload.get("call_id"))
            if patch and not has_patches and "Success" in json.dumps(payload.get("output")):
                codex_patch(truth, patch)
            if entry is None:
                continue
            output = payload.get("output")
            output = output if isinstance(output, str) else json.dumps(output)
            code = re.search(r'"exit_code":\s*(-?\d+)|(?:Exit code:|exited with code) (-?\d+)', output)
            if code:
                entry["exit"] = int(code.group(1) or code.group(2))
                entry["failed"] = entry["exit"] != 0
                entry["status"] = "failed" if entry["failed"] else "ok"
            entry["output"] = output.replace("\\n", "\n")
            if re.search(r"\bgit\b.*\bcommit\b", entry["command"], re.S):
                for commit in COMMIT.finditer(entry["output"]):
                    truth.commits.append((commit.group("sha"), commit.group("subject").strip()))
    return truth


def codex_patch(truth, patch):
    """A patch in the agent's own form: file by file, without line numbers."""
    for part in re.split(r"^\*\*\* (?=(?:Add|Update|Delete) File: )", patch, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        what, _, name = head.partition(" File: ")
        path = absolute(name.strip(), truth.cwd)
        if what == "Add":
            truth.created(path, "".join(line[1:] + "\n" for line in body.splitlines() if line.startswith("+")))
            continue
        sheet = truth.sheet(path)
        for hunk in re.split(r"^@@.*$", body, flags=re.M):
            lines = [line for line in hunk.splitlines() if line[:1] in ("+", "-", " ")]
            if lines:
                sheet.apply(lines)


def codex_command(payload):
    if payload.get("type") == "local_shell_call":
        command = (payload.get("action") or {}).get("command")
    elif payload.get("name") in ("shell", "shell_command", "exec_command", "container.exec", "local_shell"):
        try:
            arguments = json.loads(payload.get("arguments") or "{}")
        except ValueError:
            return None
        command = arguments.get("command") or arguments.get("cmd")
    else:
        return None
    if isinstance(command, list):
        if len(command) == 3 and command[1] in ("-lc", "-c"):
            return command[2]
        return " ".join(command)
    return command
