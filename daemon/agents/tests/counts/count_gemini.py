"""Counts what the samples of Gemini CLI hold, for comparison with the reader. Argument: the folder of samples.

A session's messages are first brought to their last state, as the agent itself would load them without forgetting what
was rewound or compressed; then they are counted.
"""

import json
import pathlib
import re
import sys

SAMPLES = ["gemini/home", "gemini/home-0.61.0"]


def states(path):
    """Session id and messages of a file, each message as it was written last but with all that it ever had."""
    if path.suffix == ".json":
        document = json.loads(path.read_text())
        return document["sessionId"], document["messages"]
    session, order, by_id = None, [], {}

    def put(message):
        known = by_id.get(message["id"])
        if known is None:
            order.append(message["id"])
            by_id[message["id"]] = dict(message)
        else:
            by_id[message["id"]] = {**known, **{key: value for key, value in message.items() if key != "content"}}

    for line in path.read_text().splitlines():
        record = json.loads(line)
        if "$set" in record:
            for message in record["$set"].get("messages", []):
                put(message)
            session = record["$set"].get("sessionId", session)
        elif "projectHash" in record:
            session = record["sessionId"]
        elif "id" in record:
            put(record)
    return session, [by_id[name] for name in order]


def words(content):
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content if not part.get("thought"))


def count(messages):
    counts = dict.fromkeys(
        "prompts agent system thinking calls results errors edits todos input output cache_read".split(), 0
    )
    for message in messages:
        text = words(message["content"]).strip()
        if message["type"] == "user":
            if text.startswith("<session_context>"):
                counts["system"] += 1
            elif text:
                counts["prompts"] += 1
            continue
        assert message["type"] == "gemini", message["type"]
        counts["agent"] += bool(text)
        counts["thinking"] += len(message.get("thoughts", []))
        tokens = message.get("tokens")
        if tokens:
            counts["input"] += tokens["input"] - tokens["cached"] + tokens["tool"]
            counts["cache_read"] += tokens["cached"]
            counts["output"] += tokens["output"] + tokens["thoughts"]
        for call in message.get("toolCalls", []):
            shown = json.dumps(call["result"])
            code = re.search(r"Exit Code: ([1-9]\d*)", shown)
            failed = call["status"] == "error" or code is not None
            counts["calls"] += 1
            counts["results"] += 1
            counts["errors"] += failed
            counts["todos"] += call["name"] == "write_todos"
            counts["edits"] += call["name"] in ("write_file", "replace") and not failed
    return {what: number for what, number in counts.items() if number}


def main():
    corpus = pathlib.Path(sys.argv[1])
    samples = {}
    for sample in SAMPLES:
        best = {}
        for path in sorted((corpus / sample).glob(".gemini/tmp/*/chats/session-*")):
            session, messages = states(path)
            counts = count(messages)
            if sum(counts.values()) > sum(best.get(session, {}).values()):
                best[session] = counts
        samples[sample] = best
    print(json.dumps({"agent": "gemini", "samples": samples}, indent=2, sort_keys=True))


main()
