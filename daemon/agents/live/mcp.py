#!/usr/bin/env python3
"""Lets real agents search past sessions over MCP, and shows that their model gets the answers.

For each agent that is on the PATH: a home of its own, a git project, a daemon, a scripted model on loopback. The agent is
run once, so that there is a session to find. Then `opensession mcp install` gives it the server, and it is run again; the
model calls the tools, and the requests that come back to it are looked at.

  search     the answer to `search_sessions` cites the first session's prompt
  echo       it does not name the asking session, though its prompt holds the same word
  handoff    the answer to `handoff` is the first session's
  event      the answer to `get_event` is that prompt
  undone     after `opensession mcp uninstall` the settings are byte for byte as before

usage: mcp.py --opensession PROGRAM [--only AGENT,…] [--require AGENT,…] [--keep FOLDER] [--isolated]

--isolated runs everything in a network namespace that has loopback alone (needs root). Exit status 1 when an agent that
was run does not call as above, or one that is required is not there.
"""
import json
import os
import re
from pathlib import Path

from agents import AGENTS
from frame import Daemon, Place, daemon_id, requests_in, run_trials, texts

# Agents, and the settings that the installation changes.
SETTINGS = {"claude-code": ".claude.json", "codex": ".codex/config.toml", "gemini-cli": ".gemini/settings.json",
            "opencode": ".config/opencode/opencode.json"}
FIRST = "Write notes.txt with the wombat needle"
# Tools of MCP servers are offered at once, not when the model asks for them.
VARIABLES = {"claude-code": {"ENABLE_TOOL_SEARCH": "false"}}
SECOND = "Who wrote about the wombat before?"
WANTED = ("search", "echo", "handoff", "event")


def call_tools(agent, program, opensession, folder):
    """Runs one agent twice; gives whether it got the answers, and what was seen."""
    with Place(agent, folder, ["--plan", ""], FIRST) as first:
        first.run(program, AGENTS[agent]["arguments"])
    with Daemon(opensession, first.home, first.variables) as daemon:
        daemon.ask("index/refresh", {})
        found = daemon.ask("search/query", {"query": "wombat kind:prompt", "options": {"scope": {"all": True}}})
        session, event = found["sessions"][0]["session"], found["sessions"][0]["hits"][0]["event"]
        settings = first.home / SETTINGS[agent]
        before = settings.read_bytes() if settings.exists() else None
        daemon.run("mcp", "install", daemon_id(agent))
        installed = settings.read_bytes()
        assert b"opensession" in installed
        id, prompt = session["short_id"], f"{session['short_id']}#{event}"
        arguments = {"search_sessions": {"query": "wombat"}, "handoff": {"session": id, "budget": "brief"},
                     "get_event": {"event": prompt}}
        requests = folder / "requests.jsonl"
        mock = ["--plan", ",".join(arguments), "--arguments", json.dumps(arguments), "--log", str(requests)]
        with first.again(mock, SECOND) as second:
            second.agent_variables.update(VARIABLES.get(agent, {}))
            second.agent_variables["PATH"] = f"{Path(opensession).parent}{os.pathsep}{second.agent_variables['PATH']}"
            ended = second.run(program, AGENTS[agent]["arguments"], check=False)
        daemon.ask("index/refresh", {})
        asking = daemon.ask("session/list", {"filter": {"scope": {"all": True}}})["sessions"]
        seen = answers(requests, id, prompt, [one["short_id"] for one in asking if one["id"] != session["id"]])
        if settings.read_bytes() == installed:
            # Where the agent has changed its settings meanwhile, taking the entry out is held elsewhere.
            daemon.run("mcp", "uninstall", daemon_id(agent))
            seen["undone"] = (settings.read_bytes() if settings.exists() else None) == before
    good = all(seen[what] for what in WANTED) and ended.returncode == 0 and seen.get("undone", True)
    return good, {"exit": ended.returncode, **seen}


def answers(requests, id, prompt, others):
    """Which answers about the session `id` the model was sent, when `others` are the sessions that asked."""
    bodies = requests_in(requests)
    said = [text for body in bodies for text in texts(body)]
    found = [text for text in said if "Next: get_event" in text and prompt in text]
    return {
        "requests": len(bodies),
        # Some agents put a prompt into quotation marks.
        "search": any(re.search(f'{prompt} prompt: "?{FIRST}', text) for text in found),
        "echo": bool(found) and bool(others) and not any(other in text for text in found for other in others),
        "handoff": any("# Handoff" in text and id in text for text in said),
        "event": any(f"#{prompt.split('#')[1]} you" in text and FIRST in text for text in said),
    }


run_trials(__file__, __doc__, call_tools, SETTINGS)
