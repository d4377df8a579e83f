"""Crush: a database in each project."""

import os

from .truth import Truth, database, parsed


def crush(path):
    place, _, session = path.rpartition("#")
    tables = database(place)
    truth = Truth(path)
    truth.cwd = os.path.dirname(os.path.dirname(place))
    row = tables.execute("select * from sessions where id = ?", (session,)).fetchone()
    todos = parsed(row["todos"]) if "todos" in row.keys() else []
    truth.todos = [item.get("content") for item in todos or [] if item.get("status") in ("pending", "in_progress")]
    calls = {}
    for row in tables.execute("select role, parts from messages where session_id = ? order by created_at, rowid", (session,)):
        for part in parsed(row["parts"]):
            kind, data = part.get("type"), part.get("data") or {}
            if kind == "text" and row["role"] == "user":
                truth.prompt(data.get("text"))
            elif kind == "shell_command":
                number = object()
                truth.command(number, data.get("command"))
                truth.answer(number, data.get("output") or "", data.get("exit_code"))
            elif kind == "tool_call":
                calls[data.get("id")] = (data.get("name"), parsed(data.get("input")) or {})
                if data.get("name") == "bash":
                    truth.command(data.get("id"), calls[data.get("id")][1].get("command"))
            elif kind == "tool_result" and data.get("tool_call_id") in calls:
                name, arguments = calls[data["tool_call_id"]]
                shown = parsed(data.get("metadata")) or {}
                if name == "bash":
                    truth.answer(data["tool_call_id"], data.get("content") or "", shown.get("exit_code"),
                                 "failed" if data.get("is_error") else None)
                elif not data.get("is_error") and isinstance(shown.get("new_content"), str):
                    truth.changed(arguments.get("file_path"), shown.get("old_content") or "", shown["new_content"])
    return truth
