"""Qwen Code: a tree of records, of which the branch that ends in the last message holds."""

from .gemini import answer_of, tool
from .truth import Truth, records

TYPED = (None, "mid_turn_user_message")


def qwen_code(path):
    truth = Truth(path)
    all_records = list(records(path))
    parents = {record.get("uuid"): record.get("parentUuid") for record in all_records}
    leaf = next((record.get("uuid") for record in reversed(all_records)
                 if record.get("type") in ("user", "assistant", "tool_result")), None)
    branch = set()
    while leaf is not None and leaf not in branch:
        branch.add(leaf)
        leaf = parents.get(leaf)
    calls = {}
    for record in all_records:
        if record.get("uuid") not in branch:
            continue
        truth.cwd = truth.cwd or record.get("cwd")
        parts = (record.get("message") or {}).get("parts") or []
        if record.get("type") == "user" and record.get("subtype") in TYPED:
            typed = (record.get("systemPayload") or {}).get("displayText")
            truth.prompt(typed or "\n".join(part.get("text") or "" for part in parts))
        elif record.get("type") == "assistant":
            calls.update((part["functionCall"].get("id"), part["functionCall"]) for part in parts if part.get("functionCall"))
        elif record.get("type") == "tool_result":
            outcome = record.get("toolCallResult") or {}
            for part in parts:
                call = calls.get((part.get("functionResponse") or {}).get("id"))
                if call:
                    tool(truth, call.get("id"), call.get("name"), call.get("args") or {}, outcome.get("status"),
                         answer_of([part]), outcome.get("resultDisplay"))
    return truth
