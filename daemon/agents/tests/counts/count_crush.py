#!/usr/bin/env python3
"""Counts what Crush's sessions hold, independently of the Rust reader.

    count_crush.py CORPUS

Prints the JSON that tests/it/counts.rs reads. A sample is a project. Usage is that of the session as a whole.
"""
import glob
import json
import os
import shutil
import sqlite3
import sys
import tempfile


def main():
    corpus = sys.argv[1]
    samples = {}
    for database in sorted(glob.glob(f"{corpus}/crush/*/.crush/crush.db")):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copyfile(database, f"{folder}/copy.db")
            connection = sqlite3.connect(f"{folder}/copy.db")
            sessions = {}
            for sid, given, made in connection.execute("SELECT id, prompt_tokens, completion_tokens FROM sessions").fetchall():
                counts = {"input": given, "output": made}
                query = "SELECT role, parts, is_summary_message FROM messages WHERE session_id = ?"
                for role, parts, summary in connection.execute(query, [sid]):
                    for part in json.loads(parts):
                        whats = {
                            "text": ["prompts" if role == "user" else "compactions" if summary else "agent"],
                            "reasoning": ["thinking"],
                            "tool_call": ["calls"],
                            "tool_result": ["results"],
                            "shell_command": ["calls", "results"],
                        }[part["type"]]
                        for what in whats:
                            counts[what] = counts.get(what, 0) + 1
                sessions[sid] = counts
            connection.close()
        samples[os.path.relpath(os.path.dirname(os.path.dirname(database)), corpus)] = sessions
    json.dump({"agent": "crush", "samples": samples}, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
