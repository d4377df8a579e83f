#!/usr/bin/env python3
"""Counts what Codex's rollouts hold, independently of the Rust reader that the counts are held against.

    count_codex.py CORPUS       the samples below CORPUS/codex, keys relative to CORPUS

Prints one JSON object: path -> counts. A file is read whole and looked at from all sides, which the reader cannot.
Compressed samples are counted where a `zstd` program is at hand. Samples whose ids were replaced by a placeholder
are left out: calls and results cannot be joined in them.

What counts as what, by generation (bare: lines without a payload; events: `event_msg` tells what was said;
items: `history_mode` is `paginated`, `item_completed` tells it):
  prompts    bare: user messages that are no injected context; events: `user_message`, or, where a file has none, user
             messages as in bare files; items: `UserMessage`
  agent      bare: assistant messages; events: `agent_message`, or assistant messages where there is none;
             items: `AgentMessage`. Without text in it a message is none.
  thinking   bare: reasoning with a summary; events: `agent_reasoning`, or reasoning with a summary where there is none;
             items: `Reasoning` with a summary
  calls      distinct call ids, of calls and of the events and items that tell of a call's end
  results    distinct call ids that have an output or an end
  errors     those of them that failed: an exit code that is not zero, `failed`, `success: false`
  edits      files named by patches that were applied: by `FileChange` or `patch_apply_end`, or else by the patch's text
  input      input tokens that came from no cache; cached, output: the others. Items: the sum of `token_usage_record`
             by response. Events: the sum over the stretches in which the total only grows of each stretch's last total.
"""

import json
import os
import re
import shutil
import subprocess
import sys

PLACEHOLDER = "[trimmed for fixture]"
INJECTED = (
    "<environment_context>", "<user_instructions>", "# AGENTS.md instructions", "<permissions instructions>",
    "<skills_instructions>", "<turn_aborted>", "<user_shell_command>", "<INSTRUCTIONS>",
)
ENDS = ("exec_command_end", "mcp_tool_call_end", "patch_apply_end", "web_search_end")
CALLS = ("function_call", "custom_tool_call", "local_shell_call", "tool_search_call")
OUTPUTS = ("function_call_output", "custom_tool_call_output", "tool_search_output")
CALL_ITEMS = ("CommandExecution", "FileChange", "McpToolCall")


def lines_of(path):
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout
    else:
        with open(path, "rb") as file:
            data = file.read()
    for line in data.decode("utf-8", "replace").split("\n"):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError:
                pass


def texts(content):
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content or [] if isinstance(part, dict) and isinstance(part.get("text"), str)]


def is_own(text):
    return not text.lstrip().startswith(INJECTED)


def exit_code(output):
    """The exit code that an output tells, or None."""
    if isinstance(output, list):
        output = "\n".join(texts(output))
    if isinstance(output, dict):
        output = output.get("text") or output.get("content") or ""
    if not isinstance(output, str):
        return None
    if output.startswith("{"):
        try:
            return json.loads(output).get("metadata", {}).get("exit_code")
        except ValueError:
            pass
    head = output.split("\nOutput:\n", 1)[0]
    found = re.search(r"^(?:Exit code: |Process exited with code )(-?\d+)", head, re.M)
    return int(found.group(1)) if found else None


def files_of_patch(text):
    return set(re.findall(r"^\*\*\* (?:Add|Update|Delete) File: (.+?)\s*$", text, re.M))


def patch_in(call):
    """The text of a patch that a call holds, or ''."""
    given = call.get("input") or call.get("arguments") or ""
    if call.get("name") == "apply_patch" and "*** Begin Patch" in given:
        try:
            given = json.loads(given).get("input", given)
        except (ValueError, AttributeError):
            pass
        return given
    if call.get("name") in ("shell", "container.exec"):
        try:
            command = json.loads(given).get("command") or []
        except (ValueError, AttributeError):
            return ""
        joined = "\n".join(command) if isinstance(command, list) else str(command)
        if "apply_patch" in joined and "*** Begin Patch" in joined:
            return joined
    return ""


def count(records):
    responses, events, items, usages = [], [], [], []
    paginated = False
    for record in records:
        payload = record.get("payload")
        kind = record.get("type")
        if payload is None:
            if kind:
                responses.append(record)
        elif kind == "session_meta":
            paginated = paginated or payload.get("history_mode") == "paginated"
        elif kind == "response_item":
            responses.append(payload)
        elif kind == "event_msg" and payload.get("type") == "item_completed":
            items.append(payload["item"])
        elif kind == "event_msg":
            events.append(payload)
        elif kind == "token_usage_record":
            usages.append(payload)

    def said(role, event):
        if paginated:
            name = {"user": "UserMessage", "assistant": "AgentMessage"}[role]
            return [item for item in items if item["type"] == name and "".join(texts(item["content"])).strip()]
        told = [entry for entry in events if entry["type"] == event and entry.get("message", "").strip()]
        if told:
            return told
        messages = [entry for entry in responses if entry["type"] == "message" and entry.get("role") == role]
        return [entry for entry in messages if any(is_own(text) for text in texts(entry["content"]) if text.strip())]

    def thoughts():
        if paginated:
            return [item for item in items if item["type"] == "Reasoning" and "".join(item["summary_text"]).strip()]
        told = [entry for entry in events if entry["type"] == "agent_reasoning" and entry.get("text", "").strip()]
        return told or [entry for entry in responses
                        if entry["type"] == "reasoning" and "".join(texts(entry.get("summary"))).strip()]

    calls, results, failed, edits = set(), set(), set(), {}
    for entry in responses:
        if entry["type"] in CALLS:
            calls.add(entry["call_id"])
    for entry in responses:
        if entry["type"] in OUTPUTS:
            results.add(entry["call_id"])
            if exit_code(entry.get("output")) not in (None, 0):
                failed.add(entry["call_id"])
    for entry in events:
        if entry["type"] in ENDS:
            calls.add(entry["call_id"])
            results.add(entry["call_id"])
            if entry.get("exit_code") not in (None, 0) or entry.get("success") is False:
                failed.add(entry["call_id"])
            if entry["type"] == "patch_apply_end" and entry.get("success"):
                edits[entry["call_id"]] = set(entry["changes"])
    for item in items:
        if item["type"] in CALL_ITEMS:
            calls.add(item["id"])
            results.add(item["id"])
            if item.get("exit_code") not in (None, 0) or item.get("status") == "failed":
                failed.add(item["id"])
            if item["type"] == "FileChange" and item.get("status") == "completed":
                edits[item["id"]] = set(item["changes"])
    for entry in responses:
        if entry["type"] in CALLS and entry["call_id"] not in edits and entry["call_id"] not in failed:
            files = files_of_patch(patch_in(entry))
            if files and entry["call_id"] in results:
                edits[entry["call_id"]] = files
    # Searches by the provider have no call id and no output.
    calls_without_id = sum(1 for entry in responses if entry["type"] == "web_search_call")

    tokens = [0, 0, 0]

    def add(usage):
        cached = usage.get("cached_input_tokens", 0)
        tokens[0] += usage["input_tokens"] - cached
        tokens[1] += cached
        tokens[2] += usage["output_tokens"]

    if usages:
        by_response = {entry["response_id"]: entry["usage"] for entry in usages}
        for usage in by_response.values():
            add(usage)
    else:
        last = None
        for entry in events:
            info = entry.get("info") if entry["type"] == "token_count" else None
            if info:
                total = info["total_token_usage"]
                if last and total["total_tokens"] < last["total_tokens"]:
                    add(last)
                last = total
        if last:
            add(last)

    return {
        "prompts": len(said("user", "user_message")),
        "agent": len(said("assistant", "agent_message")),
        "thinking": len(thoughts()),
        "calls": len(calls) + calls_without_id,
        "results": len(results),
        "errors": len(failed & results),
        "edits": sum(len(files) for files in edits.values()),
        "input": tokens[0],
        "cached": tokens[1],
        "output": tokens[2],
    }


def main():
    corpus = sys.argv[1]
    counts = {}
    for folder, _, names in os.walk(os.path.join(corpus, "codex")):
        for name in names:
            path = os.path.join(folder, name)
            if not name.endswith((".jsonl", ".jsonl.zst")) or name.endswith(".zst") and not shutil.which("zstd"):
                continue
            records = list(lines_of(path))
            ids = json.dumps([record.get("payload", {}).get("call_id") for record in records])
            if PLACEHOLDER not in ids:
                counts[os.path.relpath(path, corpus)] = count(records)
    json.dump(counts, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
