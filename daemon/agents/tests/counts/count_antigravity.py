"""Counts what the samples of Antigravity hold, for comparison with the reader. Argument: the folder of samples."""

import collections
import json
import pathlib
import sys

SAMPLES = ["antigravity/home"]
SYSTEM = {"SYSTEM_MESSAGE", "EPHEMERAL_MESSAGE", "TASK_BOUNDARY", "CONVERSATION_HISTORY"}


def count(path):
    counts = collections.Counter()
    waiting = []
    for line in path.read_text().splitlines():
        step = json.loads(line)
        says = bool(step.get("content", "").strip())
        kind = step["type"]
        if kind == "USER_INPUT":
            counts["prompts"] += says
        elif kind == "PLANNER_RESPONSE":
            counts["agent"] += says
            counts["thinking"] += bool(step.get("thinking", "").strip())
            calls = step.get("tool_calls", [])
            counts["calls"] += len(calls)
            waiting += [call["name"] for call in calls]
        elif kind == "CHECKPOINT":
            counts["compactions"] += 1
        elif kind in SYSTEM:
            counts["system"] += says
        else:
            counts["results"] += 1
            answered = waiting.pop(0) if waiting else None
            counts["edits"] += answered == "write_file"
    return {what: number for what, number in counts.items() if number}


def main():
    corpus = pathlib.Path(sys.argv[1])
    samples = {}
    for sample in SAMPLES:
        paths = (corpus / sample).glob(".gemini/antigravity-cli/brain/*/.system_generated/logs/transcript.jsonl")
        samples[sample] = {path.parents[2].name: count(path) for path in paths}
    print(json.dumps({"agent": "antigravity", "samples": samples}, indent=2, sort_keys=True))


main()
