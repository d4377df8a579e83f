"""Counts what the samples of Kimi hold, for comparison with the reader. Argument: the folder of samples."""

import collections
import json
import pathlib
import sys

SAMPLES = ["kimi/home"]


def count(path):
    counts = collections.Counter()
    writers = set()
    said = collections.Counter()
    for line in path.read_text().splitlines():
        record = json.loads(line)
        kind = record["type"]
        if kind in ("turn.prompt", "turn.steer"):
            # Each is written again as a message of the context.
            said[json.dumps(record["input"])] += 1
            # Of a sub-agent, its task is the prompt.
            is_prompt = record["origin"]["kind"] == "user" or record["origin"].get("name") == "subagent"
            counts["prompts" if is_prompt else "system"] += 1
        elif kind == "context.append_message":
            message = record["message"]
            key = json.dumps(message["content"])
            if said[key]:
                said[key] -= 1
            else:
                assert message["content"][0]["text"].startswith("<system-reminder>"), message
                counts["system"] += 1
        elif kind == "turn.cancel":
            counts["errors"] += 1
        elif kind == "usage.record":
            usage = record["usage"]
            counts["input"] += usage["inputOther"]
            counts["output"] += usage["output"]
            counts["cache_read"] += usage["inputCacheRead"]
            counts["cache_write"] += usage["inputCacheCreation"]
        elif kind == "context.apply_compaction":
            counts["compactions"] += 1
        elif kind == "context.append_loop_event":
            event = record["event"]
            if event["type"] == "content.part":
                counts["thinking" if event["part"]["type"] == "think" else "agent"] += 1
            elif event["type"] == "tool.call":
                counts["calls"] += 1
                if event["name"] in ("Write", "Edit"):
                    writers.add(event["toolCallId"])
            elif event["type"] == "tool.result":
                failed = event["result"].get("isError", False)
                counts["results"] += 1
                counts["errors"] += failed
                counts["edits"] += event["toolCallId"] in writers and not failed
    return {what: number for what, number in counts.items() if number}


def main():
    corpus = pathlib.Path(sys.argv[1])
    samples = {}
    for sample in SAMPLES:
        sessions = {}
        for path in (corpus / sample).glob(".kimi-code/sessions/*/*/agents/*/wire.jsonl"):
            agent, session = path.parent.name, path.parents[2].name
            sessions[session if agent == "main" else f"{session}/{agent}"] = count(path)
        samples[sample] = sessions
    print(json.dumps({"agent": "kimi", "samples": samples}, indent=2, sort_keys=True))


main()
