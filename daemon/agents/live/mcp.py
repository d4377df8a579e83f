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
import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from agents import AGENTS, Daemon, Place, base_folder, isolate, program_of

# Agents, and the settings that the installation changes.
SETTINGS = {"claude-code": ".claude.json", "codex": ".codex/config.toml", "gemini-cli": ".gemini/settings.json",
            "opencode": ".config/opencode/opencode.json"}
# Ids here that the daemon knows by another name.
IDS = {"gemini-cli": "gemini"}
FIRST = "Write notes.txt with the wombat needle"
# Tools of MCP servers are offered at once, not when the model asks for them.
VARIABLES = {"claude-code": {"ENABLE_TOOL_SEARCH": "false"}}
SECOND = "Who wrote about the wombat before?"
WANTED = ("search", "echo", "handoff", "event")


def texts(value):
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def call_tools(agent, spec, program, opensession, folder):
    """Runs one agent twice; gives what was seen."""
    first = Place(spec, folder, ["--plan", ""], FIRST)
    subprocess.run([program, *map(first.fill, spec["arguments"])], **first.options(), timeout=120, check=True)
    first.close()
    daemon = Daemon(opensession, first.home, first.variables)
    second = None
    try:
        daemon.ask("index/refresh", {})
        session = daemon.ask("session/list", {"filter": {"scope": {"all": True}}})["sessions"][0]
        settings = first.home / SETTINGS[agent]
        before = settings.read_bytes() if settings.exists() else None
        daemon.run("mcp", "install", IDS.get(agent, agent))
        installed = settings.read_bytes()
        assert b"opensession" in installed
        id = session["short_id"]
        arguments = {"search_sessions": {"query": "wombat"}, "handoff": {"session": id, "budget": "brief"},
                     "get_event": {"event": f"{id}#1"}}
        requests = folder / "requests.jsonl"
        mock = ["--plan", ",".join(arguments), "--arguments", json.dumps(arguments), "--log", str(requests)]
        second = Place.again(first, mock, SECOND)
        second.agent_variables.update(VARIABLES.get(agent, {}))
        second.agent_variables["PATH"] = f"{Path(opensession).parent}{os.pathsep}{second.agent_variables['PATH']}"
        command = [program, *map(second.fill, spec["arguments"])]
        ended = subprocess.run(command, **second.options(), timeout=120, check=False)
        bodies = [json.loads(line)["body"] for line in requests.read_text().splitlines()]
        said = [text for body in bodies for text in texts(body)]
        found = [text for text in said if "Next: get_event" in text and f"{id}#1" in text]
        daemon.ask("index/refresh", {})
        asking = daemon.ask("session/list", {"filter": {"scope": {"all": True}}})["sessions"]
        others = [one["short_id"] for one in asking if one["id"] != session["id"]]
        seen = {
            "exit": ended.returncode,
            "requests": len(bodies),
            "search": any(f"{id}#1 prompt: {FIRST}" in text for text in found),
            "echo": bool(found) and bool(others) and not any(other in text for text in found for other in others),
            "handoff": any("# Handoff" in text and id in text for text in said),
            "event": any(text.lstrip().startswith(f"{id}#1") or f"#1 you" in text for text in said),
        }
        if settings.read_bytes() == installed:
            # Where the agent has changed its settings meanwhile, taking the entry out is held elsewhere.
            daemon.run("mcp", "uninstall", IDS.get(agent, agent))
            seen["undone"] = (settings.read_bytes() if settings.exists() else None) == before
        return seen
    finally:
        daemon.stop()
        if second is not None:
            second.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--opensession", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--require", default="")
    parser.add_argument("--keep")
    parser.add_argument("--isolated", action="store_true")
    options = parser.parse_args()
    if options.isolated:
        isolate(__file__)
    opensession = str(Path(options.opensession).resolve())
    only = [name for name in options.only.split(",") if name]
    required = {name for name in options.require.split(",") if name}
    unknown = (set(only) | required) - set(SETTINGS)
    if unknown:
        sys.exit(f"no such agent: {', '.join(sorted(unknown))}; there are {', '.join(SETTINGS)}")
    base = base_folder(options.keep)
    failed = False
    for agent in SETTINGS:
        if only and agent not in only:
            continue
        spec = AGENTS[agent]
        program = program_of(spec)
        if program is None:
            print(f"{agent:12} not here: {spec['programs'][0]} is not on the PATH", flush=True)
            failed |= agent in required
            continue
        try:
            seen = call_tools(agent, spec, program, opensession, base / agent)
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError, ValueError, KeyError) as error:
            print(f"{agent:12} FAILED: {error} {getattr(error, 'stderr', None) or ''}", flush=True)
            failed = True
            continue
        good = all(seen[what] for what in WANTED) and seen["exit"] == 0 and seen.get("undone", True)
        failed |= not good
        print(f"{agent:12} {'ok' if good else 'FAILED'}: {seen}", flush=True)
    if not options.keep:
        shutil.rmtree(base, ignore_errors=True)
    sys.exit(1 if failed else 0)


main()
