"""Cursor: messages ("bubbles") in its databases of all generations, and the transcripts of agents."""

import re

from .truth import Truth, database, parsed, records, words_of

CALL = re.compile(r"^\[Tool call\] (\w+)\n(.*?)(?=^\[T(?:ool|hinking)|^(?:user|assistant):$|\Z)", re.S | re.M)
# Values run over several lines, which are not indented.
KEY = re.compile(r"^  (\w+): (.*?)(?=^  \w+: |\Z)", re.S | re.M)
QUERY = re.compile(r"<user_query>\n?(.*?)\n?</user_query>", re.S)


def cursor(path):
    place, _, session = path.rpartition("#") if ".vscdb#" in path else (path, "", "")
    if path.endswith(".jsonl"):
        return transcript(Truth(path), records(path))
    if path.endswith(".txt"):
        return of_text(Truth(path))
    if "store.db#" in path:
        return transcript(Truth(path), stored(path.rpartition("#")[0]))
    if not session:
        return None
    tables = database(place)
    truth = Truth(path)
    names = {row[0] for row in tables.execute("select name from sqlite_master")}

    def value(key, table="cursorDiskKV"):
        row = tables.execute(f"select value from {table} where key = ?", (key,)).fetchone() if table in names else None
        text = row[0] if row else None
        return text.decode("utf-8", "replace") if isinstance(text, bytes) else text

    document = parsed(value(f"composerData:{session}") or "{}") or {}
    messages = [parsed(value(f"bubbleId:{session}:{head.get('bubbleId')}") or "{}")
                for head in document.get("fullConversationHeadersOnly") or []]
    if not document:
        messages = of_workspace(value, session)
    for message in messages or document.get("conversation") or []:
        if message.get("type") in (1, "user"):
            truth.prompt(message.get("text"), names_of(message))
        call = message.get("toolFormerData") or {}
        if call.get("name"):
            tool(truth, call, value)
    if not truth.todos:
        truth.todos = open_items(document.get("todos"))
    return truth


def of_workspace(value, session):
    """Sessions of 2024 lie in the folder's own database."""
    chats = parsed(value("workbench.panel.aichat.view.aichat.chatdata", "ItemTable") or "{}").get("tabs") or []
    composers = parsed(value("composer.composerData", "ItemTable") or "{}").get("allComposers") or []
    for found in chats:
        if found.get("tabId") == session:
            return found.get("bubbles") or []
    for found in composers:
        if found.get("composerId") == session:
            return found.get("conversation") or []
    return []


def names_of(message):
    """Of images and files that a person added to the words."""
    added = [*(message.get("images") or []), *((message.get("context") or {}).get("selectedImages") or []),
             *(message.get("selectedImages") or [])]
    return [item.get("path") or item.get("name") for item in added if isinstance(item, dict)]


def open_items(todos):
    return [item.get("content") for item in todos or []
            if isinstance(item, dict) and item.get("status") in ("pending", "in_progress")]


def tool(truth, call, value):
    name, result = call["name"], parsed(call.get("result") or "{}") or {}
    result = result if isinstance(result, dict) else {}
    data = {**(parsed(call.get("params") or "{}") or {}), **(parsed(call.get("rawArgs") or "{}") or {})}
    refused = call.get("userDecision") == "rejected" or result.get("rejected") is True
    done = call.get("status") == "completed" and not refused
    if name.startswith("run_terminal"):
        number = call.get("toolCallId")
        truth.command(number, data.get("command"))
        exit_code = result.get("exitCodeV2", result.get("exitCode"))
        ended = {"error": "failed", "cancelled": "stopped"}.get(call.get("status"))
        truth.answer(number, str(result.get("output") or ""), exit_code,
                     "refused" if refused else ended if exit_code is None and ended else
                     "ok" if done and exit_code is None else None)
    elif not done:
        return
    elif name == "todo_write":
        truth.todos = open_items(result.get("finalTodos") or data.get("todos"))
    elif name == "edit_file_v2":
        before, after = (value(result.get(key) or "") for key in ("beforeContentId", "afterContentId"))
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        before = "" if before is None and (result.get("beforeContentId") or "").endswith(empty) else before
        path = data.get("relativeWorkspacePath")
        if before is None or after is None:
            truth.sheet(path).lose()
        else:
            truth.changed(path, before, after)
    elif name == "edit_file":
        path = data.get("target_file") or data.get("relativeWorkspacePath")
        chunks = (result.get("diff") or {}).get("chunks") or []
        if not chunks:
            truth.perhaps.add(path)
        else:
            truth.sheet(path).patch([hunk(chunk) for chunk in chunks])
    elif name in ("search_replace", "MultiEdit"):
        truth.replaced(data.get("file_path"), data.get("old_string"), data.get("new_string") or "")
    elif name == "write":
        truth.overwritten(data.get("file_path"), data.get("contents") or "")


def hunk(chunk):
    """Its lines begin with two columns, of which the first is the sign."""
    start = chunk.get("oldStart") or 0
    lines = [line[:1] + line[2:] for line in (chunk.get("diffString") or "").split("\n")]
    return (max(start - (chunk.get("oldLines") != 0), 0), lines)


def stored(place):
    """The messages of the command line's store, in the order in which the last root names them."""
    tables = database(place)
    text = tables.execute("select value from meta where key = '0'").fetchone()[0]
    meta = parsed(text if text.startswith("{") else bytes.fromhex(text).decode())

    def blob(number):
        row = tables.execute("select data from blobs where id = ?", (number,)).fetchone()
        return row[0] if row else b""

    root, at = blob(meta["latestRootBlobId"]), 0
    # Field 1, of 32 bytes: the messages. They stand first.
    while root[at:at + 2] == b"\x0a\x20":
        message = parsed(blob(root[at + 2:at + 34].hex()).decode("utf-8", "replace"))
        at += 34
        yield {**message, "message": message}


def transcript(truth, messages):
    for record in messages:
        content = (record.get("message") or {}).get("content")
        if record.get("role") == "user":
            said = words_of(content)
            # What the client tells at the beginning is no query.
            truth.prompt("\n".join(QUERY.findall(said)) or ("" if "<user_info>" in said else said))
        for block in content if isinstance(content, list) else []:
            data = block.get("input") or block.get("args") or {}
            name = block.get("name") or block.get("toolName")
            if block.get("type") not in ("tool_use", "tool-call") or not isinstance(data, dict):
                continue
            if name == "Shell":
                truth.command(len(truth.commands), data.get("command"))
            elif name in ("Write", "StrReplace", "Delete", "ApplyPatch"):
                # Whether it was made is not told.
                truth.perhaps.add(data.get("path"))
    return truth


def of_text(truth):
    """A transcript as plain text: what was asked, and the files that tools were to change."""
    with open(truth.path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    for block in re.split(r"^(?=(?:user|assistant):$)", text, flags=re.M):
        if block.startswith("user:"):
            truth.prompt("\n".join(QUERY.findall(block)))
    for call in CALL.finditer(text):
        found = {key: value for key, value in KEY.findall(call.group(2))}
        if call.group(1) == "Shell" and found.get("command"):
            truth.command(len(truth.commands), found["command"].rstrip())
        elif found.get("path") and call.group(1) in ("Write", "StrReplace", "Delete", "ApplyPatch"):
            truth.perhaps.add(found["path"].strip())
    return truth
