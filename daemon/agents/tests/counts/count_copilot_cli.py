#!/usr/bin/env python3
"""Counts what Copilot CLI's logs hold, independently of the Rust reader that the counts are held against.

    count_copilot_cli.py CORPUS       the sample CORPUS/copilot-cli/home

Prints the JSON that tests/it/counts.rs describes. A log is read whole.

What counts as what:
  prompts, system  user messages of the person; system: those of sub-agents and of the program, notices, handoffs
  agent, thinking  messages with a text; reasoning with a text, of which the same twice in a row is one
  calls            distinct ids of calls, asked for or begun
  results          distinct ids of ended calls
  errors           results without success or with an exit code other than zero, errors of the session, interruptions
  edits            results with success of calls of `create`, `edit` and `apply_patch`
  input, ...       of each run the metrics at its end; the input without what a cache gave or took
"""

import glob
import json
import os
import re
import sys


def count(path):
    lines = [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]
    counts = {}

    def add(what, number=1):
        if number:
            counts[what] = counts.get(what, 0) + number

    calls, results, runs, run, reasoning = {}, {}, {}, 0, None
    name = os.path.basename(path)[:-6]
    for line in lines:
        kind, data = line["type"], line.get("data") or {}
        if line.get("ephemeral"):
            continue
        if kind == "session.start":
            name, run = data["sessionId"], run + 1
        elif kind == "session.resume":
            run += 1
        elif kind == "user.message":
            own = data.get("source") or data.get("isAutopilotContinuation") or line.get("agentId")
            if data.get("content") or data.get("attachments"):
                add("system" if own else "prompts")
        elif kind in ("system.notification", "session.handoff"):
            add("system", bool(data.get("content") or data.get("summary")))
        elif kind in ("assistant.message", "assistant.reasoning"):
            text = data.get("reasoningText" if kind == "assistant.message" else "content")
            add("thinking", bool(text and text != reasoning))
            reasoning = text or reasoning
            if kind == "assistant.message":
                add("agent", bool((data.get("content") or "").strip()))
                for call in data.get("toolRequests") or []:
                    calls.setdefault(call["toolCallId"], call["name"])
        elif kind == "tool.execution_start":
            calls.setdefault(data["toolCallId"], data["toolName"])
        elif kind == "tool.execution_complete":
            results.setdefault(data["toolCallId"], data)
        elif kind in ("abort", "session.error"):
            add("errors")
        elif kind == "session.compaction_complete":
            add("compactions")
        elif kind == "session.shutdown":
            usage = {model: metrics["usage"] for model, metrics in data["modelMetrics"].items() if metrics.get("usage")}
            runs[run] = usage or data.get("tokenDetails")
    add("calls", len(calls))
    add("results", len(results))
    for call, data in results.items():
        code = re.search(r"<(?:exited|shellId: \d+ completed) with exit code (-?\d+)>\s*\Z", (data.get("result") or {}).get("content") or "")
        failed = not data["success"] or (code and int(code.group(1)))
        add("errors", bool(failed))
        add("edits", not failed and calls.get(call) in ("create", "edit", "apply_patch"))
    for usage in runs.values():
        if "input" in (usage or {}):
            for what in ("input", "output", "cache_read", "cache_write"):
                add(what, usage.get(what, {}).get("tokenCount"))
            continue
        for tokens in (usage or {}).values():
            cached = tokens["cacheReadTokens"] + tokens["cacheWriteTokens"]
            add("input", tokens["inputTokens"] - cached)
            add("output", tokens["outputTokens"])
            add("cache_read", tokens["cacheReadTokens"])
            add("cache_write", tokens["cacheWriteTokens"])
    return name, dict(sorted(counts.items()))


def main():
    home = os.path.join(sys.argv[1], "copilot-cli/home")
    paths = glob.glob(os.path.join(glob.escape(home), ".copilot/session-state/**/*.jsonl"), recursive=True)
    sessions = dict(count(path) for path in sorted(paths))
    print(json.dumps({"agent": "copilot-cli", "samples": {"copilot-cli/home": sessions}}, indent=1))


main()
