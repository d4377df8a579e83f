#!/usr/bin/env python3
"""Counts what Kiro's conversations hold, independently of the Rust reader.

    count_kiro.py CORPUS

Prints the JSON that tests/it/counts.rs reads.
"""
import collections
import glob
import json
import os
import shutil
import sqlite3
import sys
import tempfile


def count(conversation):
    counts = collections.Counter()
    writes = {}
    for exchange in conversation["history"]:
        for kind, sent in exchange.get("user", {}).get("content", {}).items():
            counts["prompts"] += bool(sent.get("prompt"))
            for result in sent.get("tool_use_results", []):
                failed = kind == "CancelledToolUses" or result["status"] == "Error"
                counts["results"] += 1
                counts["errors"] += failed
                counts["edits"] += not failed and result["tool_use_id"] in writes
        for kind in ("Response", "ToolUse"):
            came = exchange.get("assistant", {}).get(kind)
            if came:
                counts["agent"] += bool(came["content"])
                for call in came.get("tool_uses", []):
                    counts["calls"] += 1
                    if call["name"] in ("fs_write", "write"):
                        writes[call["id"]] = call
    counts["compactions"] += bool(conversation.get("latest_summary"))
    return {what: number for what, number in counts.items() if number}


def main():
    corpus = sys.argv[1]
    samples = {}
    for home in sorted(glob.glob(f"{corpus}/kiro/home*")):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copyfile(f"{home}/.local/share/kiro-cli/data.sqlite3", f"{folder}/copy.db")
            connection = sqlite3.connect(f"{folder}/copy.db")
            newest = "SELECT conversation_id, value FROM conversations_v2 ORDER BY updated_at"
            sessions = {cid: count(json.loads(value)) for cid, value in connection.execute(newest)}
            connection.close()
        samples[os.path.relpath(home, corpus)] = sessions
    json.dump({"agent": "kiro", "samples": samples}, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
