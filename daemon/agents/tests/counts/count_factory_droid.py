"""Counts what the samples of Factory's Droid hold, for comparison with the reader. Argument: the folder of samples."""

import collections
import json
import pathlib
import sys

SAMPLES = ["droid/home"]


def count(path):
    counts = collections.Counter()
    session = None
    for line in filter(str.strip, path.read_text().splitlines()):
        record = json.loads(line)
        if record["type"] == "session_start":
            session = record["id"]
            continue
        assert record["type"] == "message", record
        blocks = record["message"]["content"]
        kinds = [block["type"] for block in blocks]
        if record["message"]["role"] == "user":
            counts["prompts"] += "text" in kinds
            answers = [block for block in blocks if block["type"] == "tool_result"]
            counts["results"] += len(answers)
            counts["errors"] += sum(answer["content"].startswith("Error:") for answer in answers)
        else:
            counts["agent"] += "text" in kinds
            counts["calls"] += kinds.count("tool_use")
    return session, {what: number for what, number in counts.items() if number}


def main():
    corpus = pathlib.Path(sys.argv[1])
    samples = {}
    for sample in SAMPLES:
        samples[sample] = dict(count(path) for path in (corpus / sample).glob(".factory/sessions/*/*.jsonl"))
    print(json.dumps({"agent": "factory-droid", "samples": samples}, indent=2, sort_keys=True))


main()
