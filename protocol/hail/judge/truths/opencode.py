"""OpenCode and Kilo's command line: rows of a database, or the older JSON files below `storage`."""

import glob
import json
import os

from .truth import Truth, database, parsed


def opencode(path):
    place, _, session = path.rpartition("#")
    info, messages = from_files(place, session) if os.path.isdir(place) else from_database(place, session)
    if not messages:
        return None
    truth = Truth(path)
    truth.cwd = info.get("directory")
    # What was taken back is hidden from there on.
    reverted = (info.get("revert") or {}).get("messageID")
    for number, message, parts in messages:
        if reverted and number >= reverted:
            break
        for part in parts:
            if part.get("type") == "text" and message.get("role") == "user":
                if not part.get("synthetic") and not part.get("ignored"):
                    truth.prompt(part.get("text"))
            elif part.get("type") == "tool":
                tool(truth, part)
    return truth


def from_database(place, session):
    tables = database(place)
    info = dict(tables.execute("select * from session where id = ?", (session,)).fetchone())
    info["revert"] = parsed(info.get("revert"))
    messages = []
    for row in tables.execute("select id, data from message where session_id = ? order by time_created, id", (session,)):
        parts = tables.execute("select data from part where message_id = ? order by id", (row["id"],))
        messages.append((row["id"], parsed(row["data"]), [parsed(part["data"]) for part in parts]))
    return info, messages


def from_files(place, session):
    def read(name):
        with open(name, encoding="utf-8") as file:
            return json.load(file)

    info = read(glob.glob(os.path.join(place, "session", "*", session + ".json"))[0])
    messages = []
    for name in glob.glob(os.path.join(place, "message", session, "*.json")):
        number = os.path.basename(name).removesuffix(".json")
        parts = [read(part) for part in sorted(glob.glob(os.path.join(place, "part", number, "*.json")))]
        messages.append((number, read(name), parts))
    return info, sorted(messages, key=lambda entry: (entry[1].get("time", {}).get("created", 0), entry[0]))


def tool(truth, part):
    name, state = part.get("tool"), part.get("state") or {}
    data, shown, status = state.get("input") or {}, state.get("metadata") or {}, state.get("status")
    if name == "bash":
        truth.command(part.get("callID"), data.get("command"))
        if status == "completed":
            truth.answer(part.get("callID"), state.get("output") or "", shown.get("exit"))
        elif status == "error":
            error = state.get("error") or ""
            ended = "refused" if "reject" in error or "denied" in error else "stopped" if "abort" in error else "failed"
            truth.answer(part.get("callID"), error, status=ended)
    elif status != "completed":
        return
    elif name == "todowrite":
        truth.todos = [item.get("content") for item in data.get("todos") or []
                       if item.get("status") in ("pending", "in_progress")]
    elif name in ("edit", "multiedit", "write", "patch", "apply_patch"):
        edit(truth, data, shown)


def edit(truth, data, shown):
    for change in shown.get("files") or [shown.get("filediff") or {}]:
        path = change.get("filePath") or change.get("file") or data.get("filePath")
        diff = change.get("patch") or change.get("diff") or shown.get("diff")
        if not path:
            continue
        if isinstance(change.get("before"), str) and isinstance(change.get("after"), str):
            truth.changed(path, change["before"], change["after"])
        elif diff:
            truth.patched(path, diff)
        elif "content" in data and shown.get("exists") is False:
            truth.created(path, data["content"])
        elif "content" in data:
            truth.overwritten(path, data["content"])
        else:
            truth.replaced(path, data.get("oldString"), data.get("newString") or "", data.get("replaceAll"))
