"""GitHub Copilot in VS Code: a session as one document, as a log of changes to one, or among others in a database."""

import json

from .truth import Truth, database, parsed, records


def copilot(path):
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as file:
            return of_document(Truth(path), json.load(file))
    if path.endswith(".jsonl"):
        return of_document(Truth(path), replayed(path))
    place, _, session = path.rpartition("#")
    row = database(place).execute("select value from ItemTable where key = 'interactive.sessions'").fetchone()
    for document in parsed(row[0] if row else "[]") or []:
        if document.get("sessionId") == session:
            return of_document(Truth(path), document)
    return None


def replayed(path):
    """The document that a log of changes comes to."""
    document = {}
    for change in records(path):
        keys = change.get("k") or []
        if change.get("kind") == 0:
            document = change.get("v") or {}
            continue
        place = document
        for key, following in zip(keys, [*keys[1:], None]):
            if following is None:
                break
            made = [] if isinstance(following, int) else {}
            if isinstance(place, list):
                place.extend(None for _ in range(key + 1 - len(place)))
                place[key] = made if place[key] is None else place[key]
                place = place[key]
            else:
                place = place.setdefault(key, made)
        last = keys[-1]
        if change["kind"] == 1 and "v" in change:
            if isinstance(place, list):
                place.extend(None for _ in range(last + 1 - len(place)))
            place[last] = change["v"]
        elif change["kind"] == 2:
            listed = place.setdefault(last, []) if isinstance(place, dict) else place[last]
            if change.get("i") is not None:
                del listed[change["i"]:]
            listed.extend(change.get("v") or [])
        elif change["kind"] in (1, 3) and isinstance(place, dict):
            place.pop(last, None)
    return document


def of_document(truth, document):
    for request in document.get("requests") or []:
        message = request.get("message")
        attached = (request.get("variableData") or {}).get("variables") or []
        truth.prompt(message.get("text") if isinstance(message, dict) else message,
                     [item.get("name") for item in attached if isinstance(item, dict)])
        for part in request.get("response") or []:
            if not isinstance(part, dict):
                continue
            if part.get("kind") in ("textEditGroup", "notebookEditGroup") and any(part.get("edits") or []):
                uri = part.get("uri") or {}
                truth.sheet(uri.get("fsPath") or uri.get("path")).lose()
            elif part.get("kind") == "toolInvocationSerialized":
                terminal = part.get("toolSpecificData") or {}
                if terminal.get("kind") == "terminal" and part.get("isComplete"):
                    line = terminal.get("commandLine")
                    truth.command(part.get("toolCallId"), line.get("original") if isinstance(line, dict) else line)
                    truth.answer(part.get("toolCallId"), "", (terminal.get("terminalCommandState") or {}).get("exitCode"))
    return truth
