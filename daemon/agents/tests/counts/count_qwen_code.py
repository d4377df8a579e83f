"""Counts what the samples of Qwen Code hold, for comparison with the reader. Argument: the folder of samples."""

import collections
import json
import pathlib
import sys

SAMPLES = ["qwen/home"]


def count(path):
    counts = collections.Counter()
    usage = {}
    for line in path.read_text().splitlines():
        record = json.loads(line)
        parts = record.get("message", {}).get("parts", [])
        texts = [part for part in parts if part.get("text", "").strip()]
        if record["type"] == "user":
            typed = record.get("subtype") in (None, "mid_turn_user_message")
            shown = record["systemPayload"]["displayText"]
            counts["prompts" if typed else "system"] += 1
            counts["system"] += any(part["text"].strip() != shown.strip() for part in texts)
        elif record["type"] == "assistant":
            counts["thinking"] += sum(bool(part.get("thought")) for part in texts)
            # Texts with nothing between them are one message.
            kinds = ["call" if "functionCall" in p else "thought" if p.get("thought") else "text" for p in parts]
            counts["agent"] += sum(
                kind == "text" and (at == 0 or kinds[at - 1] != "text") for at, kind in enumerate(kinds)
            )
            counts["calls"] += kinds.count("call")
            tokens = record.get("usageMetadata", {})
            if tokens:
                cached = tokens.get("cachedContentTokenCount", 0)
                usage[record["uuid"]] = (
                    tokens.get("promptTokenCount", 0) - cached,
                    tokens.get("candidatesTokenCount", 0),
                    cached,
                )
        elif record["type"] == "tool_result":
            answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
            counts["results"] += len(answers)
            counts["errors"] += sum("error" in answer["response"] for answer in answers)
    for fresh, output, cached in usage.values():
        counts["input"] += fresh
        counts["output"] += output
        counts["cache_read"] += cached
    return {what: number for what, number in counts.items() if number}


def main():
    corpus = pathlib.Path(sys.argv[1])
    samples = {}
    for sample in SAMPLES:
        paths = (corpus / sample).glob(".qwen/projects/*/chats/*.jsonl")
        samples[sample] = {path.stem: count(path) for path in paths}
    print(json.dumps({"agent": "qwen-code", "samples": samples}, indent=2, sort_keys=True))


main()
