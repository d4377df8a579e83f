#!/usr/bin/env python3
"""Counts what is in the samples of Cline or Roo Code: `count_cline.py <folder of samples> cline > cline.json`.

Each file is counted by itself: of a task with both views the conversation by what went to the model, tokens, todo lists
and errors by what the person was shown. Results that were refused or failed are told by their first words.
"""

import json
import pathlib
import re
import sys

SAID = {"attempt_completion", "plan_mode_respond", "act_mode_respond", "ask_followup_question", "ask_question"}
EDITS = {"write_to_file", "replace_in_file", "apply_diff", "editor"}
HEAD = re.compile(r"\[(\w+)(?: [^\n]*(?:\n(?!\[)[^\n]*)*?)?\] Result:", re.S)
FAILED = re.compile(
    r"The user denied|\{\"status\":\"denied\"|The tool execution failed|<error_details>|<error>|Error:|Error executing|"
    r"Missing value for required parameter|Command failed|\{\"status\":\"error\""
)
ADDED = re.compile(r"\[TASK RESUMPTION\]|\[ERROR\]|\[The user|# TODO LIST|# Todo List|# task_progress|<explicit_instructions|<SYSTEM_NOTICE>")
CODE = re.compile(r"xit code:? *(-?\d+)")


def failed(name, text):
    code = CODE.search(text[:300]) if name in ("execute_command", "run_commands") else None
    return bool(FAILED.match(text)) or bool(code and int(code.group(1)))


class Counts(dict):
    def add(self, what, number=1):
        if number:
            self[what] = self.get(what, 0) + int(number)


def usage(counts, request):
    for what, key in [("input", "tokensIn"), ("output", "tokensOut"), ("cache_read", "cacheReads"), ("cache_write", "cacheWrites")]:
        counts.add(what, request.get(key) or 0)


def shown(items, counts, alone):
    """What the person was shown; all of the conversation where it stands alone."""
    todo, prompted, tool = None, False, None
    waiting = []
    for item in items:
        kind, text = item.get("say") or item.get("ask"), item.get("text") or ""
        if kind == "api_req_started":
            request = json.loads(text)
            usage(counts, request)
            counts.add("errors", bool(request.get("cancelReason")))
            answer = request.get("request", "").split("<environment_details>")[0].strip()
            heads = list(HEAD.finditer(answer)) if answer.startswith("[") else []
            if alone and heads and heads[0].start() == 0:
                # The first head is the first call's; the next one's is the first after it that has its name.
                at = 0
                for place, (name, is_edit) in enumerate(waiting):
                    head = HEAD.match(answer, at)
                    if not head:
                        break
                    after = waiting[place + 1][0] if place + 1 < len(waiting) else None
                    end = answer.find(f"\n[{after}", head.end()) if after else -1
                    content = answer[head.end() : end if end >= 0 else len(answer)].strip()
                    # A completion may be answered before a command that came with it.
                    if head.group(1) not in SAID:
                        counts.add("results")
                        counts.add("errors", failed(name, content))
                        counts.add("edits", is_edit and not failed(name, content))
                    if end < 0:
                        break
                    at = end + 1
            waiting, tool = [], None
        elif kind == "task_progress":
            boxes = re.findall(r"^\s*[-*] \[(.)\](.*)$", text, re.M)
            if boxes and boxes != todo:
                counts.add("todos")
                todo = boxes
        elif kind in ("error", "diff_error", "api_req_failed", "error_retry", "mistake_limit_reached"):
            counts.add("errors", bool(text.strip()))
        elif not alone:
            continue
        elif kind in ("task", "user_feedback") or kind == "text" and not prompted:
            counts.add("prompts", bool(text.strip() or item.get("images")))
            prompted = True
        elif kind == "text" or kind == "completion_result" and text:
            counts.add("agent", bool(text.strip()))
        elif kind == "plan_mode_respond":
            counts.add("agent", bool(json.loads(text)["response"]))
        elif kind == "reasoning":
            counts.add("thinking", bool(text.strip()))
        elif kind == "tool" and text != tool:
            tool = text
            name = json.loads(text)["tool"]
            counts.add("calls")
            names = {"readFile": "read_file", "listFilesRecursive": "list_files", "listFilesTopLevel": "list_files", "searchFiles": "search_files"}
            if name == "editedExistingFile":
                value = json.loads(text)
                names[name] = "replace_in_file" if re.search(r"^(?:-{3,}|<{3,}) SEARCH|^@@ ", value.get("diff") or value.get("content") or "", re.M) else "write_to_file"
            names["newFileCreated"] = "write_to_file"
            waiting.append((names.get(name, name), name in ("newFileCreated", "editedExistingFile")))
        elif kind in ("command", "use_mcp_server", "load_mcp_documentation"):
            counts.add("calls")
            waiting.append(({"command": "execute_command", "use_mcp_server": "use_mcp_tool"}.get(kind, kind), False))


def messages(rows, counts, with_usage):
    waiting = []
    for row in rows:
        content = row["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        typed = False
        for block in blocks:
            kind, text = block["type"], (block.get("text") or "").strip()
            if row["role"] == "assistant":
                counts.add("agent", kind == "text" and bool(text))
                counts.add("thinking", kind == "thinking" and bool(block["thinking"].strip()))
                if kind == "tool_use":
                    said = block["name"] in SAID
                    counts.add("agent" if said else "calls")
                    waiting.append((block["name"], block["id"]))
                continue
            if kind == "file":
                typed = True
            elif kind == "tool_result":
                name = dict((id, name) for name, id in waiting).get(block["tool_use_id"])
                body = block["content"]
                if isinstance(body, str) and body.startswith("{"):
                    body = json.loads(body)
                answers = body if isinstance(body, list) else [body]
                bad = any(isinstance(one, dict) and (one.get("success") is False or one.get("error")) for one in answers)
                texts = [one if isinstance(one, str) else one.get("result") or one.get("error") or one.get("text") or "" for one in answers]
                bad = bad or len(answers) == 1 and failed(name, texts[0])
                counts.add("results")
                counts.add("errors", bad)
                counts.add("edits", name in EDITS and not bad)
            elif kind == "text":
                text = text.split("<environment_details>")[0].strip()
                head = HEAD.match(text)
                if head:
                    name = head.group(1)
                    if name not in SAID:
                        bad = failed(name, text[head.end() :].strip())
                        counts.add("results")
                        counts.add("errors", bad)
                        counts.add("edits", name in EDITS and not bad)
                elif ADDED.match(text):
                    counts.add("system")
                else:
                    typed = typed or bool(text)
        counts.add("prompts", typed)
        metrics = row.get("metrics")
        if with_usage and metrics and "inputTokens" in metrics:
            cached = metrics["cacheReadTokens"] + metrics["cacheWriteTokens"]
            counts.add("input", max(0, metrics["inputTokens"] - cached))
            counts.add("output", metrics["outputTokens"])
            counts.add("cache_read", metrics["cacheReadTokens"])
            counts.add("cache_write", metrics["cacheWriteTokens"])


def task(folder):
    counts = Counts()
    names = [name for name in ("ui_messages.json", "claude_messages.json") if (folder / name).exists()]
    rows = json.loads((folder / names[0]).read_text()) if names else []
    api = folder / "api_conversation_history.json"
    history = json.loads(api.read_text()) if api.exists() else []
    if rows and "role" in rows[0]:
        history, rows = rows, []
    shown(rows, counts, alone=not history)
    messages(history, counts, with_usage=not rows)
    return counts


corpus, agent = pathlib.Path(sys.argv[1]), sys.argv[2]
home = corpus / agent / "home"
found = {folder.name: task(folder) for folder in home.glob("**/tasks/*")}
for path in home.glob(".cline/data/sessions/*/*.messages.json"):
    counts = Counts()
    messages(json.loads(path.read_text())["messages"], counts, with_usage=True)
    found[path.parent.name] = counts
id = {"cline": "cline", "roo": "roo-code"}[agent]
json.dump({"agent": id, "samples": {f"{agent}/home": found}}, sys.stdout, indent=1, sort_keys=True)
print()
