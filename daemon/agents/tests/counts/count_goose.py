#!/usr/bin/env python3
"""Counts what Goose's sessions in the database hold, independently of the Rust reader.

    count_goose.py CORPUS

Prints the JSON that tests/it/counts.rs reads. Usage is that of the table `usage_ledger`, which the reader does not
read; it holds the same as the messages' metadata. Cached input is part of the input there.
"""
import collections
import glob
import json
import os
import shutil
import sqlite3
import sys
import tempfile


def count(rows, ledger):
    counts = collections.Counter()
    names = {}
    for role, content, metadata in rows:
        visible = json.loads(metadata or "{}").get("userVisible", True)
        kinds = [item["type"] for item in json.loads(content)]
        for item in json.loads(content):
            if item["type"] == "text":
                if role == "assistant":
                    counts["agent" if visible else "system"] += 1
                elif "toolResponse" not in kinds:
                    counts["prompts" if visible else "system"] += 1
            elif item["type"] == "thinking":
                counts["thinking"] += bool(item["thinking"])
            elif item["type"] == "toolRequest":
                counts["calls"] += 1
                names[item["id"]] = item["toolCall"]["value"]["name"]
            elif item["type"] == "toolResponse":
                value = item["toolResult"]["value"]
                failed = value["isError"] or value.get("structuredContent", {}).get("exit_code", 0) != 0
                counts["results"] += 1
                counts["errors"] += failed
                counts["edits"] += not failed and names[item["id"]] in ("write", "edit")
    for inputs, outputs, read, write in ledger:
        counts["input"] += inputs - (read or 0) - (write or 0)
        counts["output"] += outputs
        counts["cache_read"] += read or 0
        counts["cache_write"] += write or 0
    return {what: number for what, number in counts.items() if number}


def main():
    corpus = sys.argv[1]
    samples = {}
    for home in sorted(glob.glob(f"{corpus}/goose/home*")):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copyfile(f"{home}/.local/share/goose/sessions/sessions.db", f"{folder}/copy.db")
            connection = sqlite3.connect(f"{folder}/copy.db")
            sessions = {}
            for (sid,) in connection.execute("SELECT id FROM sessions").fetchall():
                rows = connection.execute(
                    "SELECT role, content_json, metadata_json FROM messages WHERE session_id = ? ORDER BY id", [sid])
                ledger = connection.execute(
                    "SELECT input_tokens, output_tokens, cache_read_tokens, cache_write_tokens FROM usage_ledger"
                    " WHERE session_id = ?", [sid])
                sessions[sid] = count(rows.fetchall(), ledger.fetchall())
            connection.close()
        samples[os.path.relpath(home, corpus)] = sessions
    json.dump({"agent": "goose", "samples": samples}, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
