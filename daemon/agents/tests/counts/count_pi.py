"""Counts what the samples of pi and of OpenClaw hold, for comparison with the readers. Arguments: the folder of samples
and the agent, `pi` or `openclaw`."""

import collections
import itertools
import json
import pathlib
import sys

SAMPLES = {
    "pi": ("pi/home", ".pi/agent/sessions/*/*.jsonl", {"edit", "write"}),
    "openclaw": ("openclaw/home", ".openclaw/agents/*/sessions/*.jsonl", {"edit", "edit_file", "write"}),
}


def count(path, editors):
    counts = collections.Counter()
    session, asked = None, {}
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if entry["type"] == "session":
            session = entry["id"]
        elif entry["type"] == "compaction":
            counts["compactions"] += 1
        elif entry["type"] == "custom_message":
            counts["system"] += 1
        if entry["type"] != "message":
            continue
        message = entry["message"]
        content = message["content"]
        if message["role"] == "user":
            counts["prompts"] += 1
        elif message["role"] == "assistant":
            kinds = [block["type"] for block in content if block["type"] != "text" or block["text"].strip()]
            counts["agent"] += sum(kind == "text" for kind, _ in itertools.groupby(kinds))
            counts["thinking"] += sum(block["type"] == "thinking" and bool(block["thinking"].strip()) for block in content)
            for block in content:
                if block["type"] == "toolCall":
                    counts["calls"] += 1
                    asked[block["id"]] = block["name"]
            counts["errors"] += message.get("stopReason") in ("aborted", "error")
            usage = message.get("usage", {})
            for here, there in [
                ("input", "input"),
                ("output", "output"),
                ("cacheRead", "cache_read"),
                ("cacheWrite", "cache_write"),
            ]:
                counts[there] += usage.get(here, 0)
        elif message["role"] == "toolResult":
            counts["results"] += 1
            stopped = message["isError"] and json.dumps(content).rstrip('"}] \n').lower().endswith("aborted")
            counts["errors"] += message["isError"] and not stopped
            counts["edits"] += not message["isError"] and asked.get(message["toolCallId"]) in editors
    return session, {what: number for what, number in counts.items() if number}


def main():
    corpus, agent = pathlib.Path(sys.argv[1]), sys.argv[2]
    sample, pattern, editors = SAMPLES[agent]
    sessions = dict(count(path, editors) for path in (corpus / sample).glob(pattern))
    print(json.dumps({"agent": agent, "samples": {sample: sessions}}, indent=2, sort_keys=True))


main()
