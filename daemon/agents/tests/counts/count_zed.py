#!/usr/bin/env python3
"""Counts what Zed's threads hold, independently of the Rust reader. Needs the program `zstd`.

    count_zed.py CORPUS

Prints the JSON that tests/it/counts.rs reads. Calls of tools that are named for writing files are edits.
"""
import collections
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile


def count(thread):
    counts = collections.Counter()
    for message in thread["messages"]:
        (kind, body), = message.items()
        if kind == "Compaction":
            counts["compactions"] += 1
            continue
        for item in body["content"]:
            (what, value), = item.items()
            if what == "Text":
                counts["prompts" if kind == "User" else "agent"] += 1
            elif what == "Thinking":
                counts["thinking"] += 1
            elif what == "ToolUse":
                counts["calls"] += 1
                result = body["tool_results"].get(value["id"])
                counts["results"] += result is not None
                counts["errors"] += bool(result and result["is_error"])
                counts["edits"] += bool(result and not result["is_error"] and value["name"].endswith("_file")
                                        and value["name"] != "read_file")
    usage = thread["cumulative_token_usage"]
    counts["input"] = usage["input_tokens"]
    counts["output"] = usage["output_tokens"]
    counts["cache_read"] = usage["cache_read_input_tokens"]
    counts["cache_write"] = usage["cache_creation_input_tokens"]
    return {what: number for what, number in counts.items() if number}


def main():
    corpus = sys.argv[1]
    samples = {}
    for home in sorted(glob.glob(f"{corpus}/zed/home*")):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copyfile(f"{home}/.local/share/zed/threads/threads.db", f"{folder}/copy.db")
            connection = sqlite3.connect(f"{folder}/copy.db")
            threads = {}
            for tid, kind, data in connection.execute("SELECT id, data_type, data FROM threads"):
                if kind == "zstd":
                    data = subprocess.run(["zstd", "-dcq"], input=data, check=True, capture_output=True).stdout
                threads[tid] = count(json.loads(data))
            connection.close()
        samples[os.path.relpath(home, corpus)] = threads
    json.dump({"agent": "zed", "samples": samples}, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
