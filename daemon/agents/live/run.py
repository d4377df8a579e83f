#!/usr/bin/env python3
"""Runs real coding agents against a scripted model, and shows that their sessions are found while they run.

For each agent that is on the PATH: a home of its own, a git project, a daemon, the model on loopback. The agent is given
a prompt with a word that stands nowhere else, and the model asks it to run a command that takes some seconds, to write a
file and to read it. Meanwhile, and afterwards, the daemon is asked over its socket:

  found      the prompt's word is found, after so many seconds, while the agent still runs
  grew       the session has more events later than it had then
  whole      at the end it holds the prompt, the file's name and the agent's closing words

usage: run.py --opensession PROGRAM [--only AGENT,…] [--require AGENT,…] [--keep FOLDER] [--isolated]

--isolated runs everything in a network namespace that has loopback alone (needs root), so that nothing leaves the
machine. Exit status 1 when an agent that was run is not followed as above, or one that is required is not there.
"""
import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from agents import AGENTS, Daemon, Place, base_folder, isolate, kill, program_of

CLOSING = "Done: the zebrafish file is written and checked."
COMMAND = "sleep 4; echo zebrafish-ran"


def follow(agent, spec, program, opensession, folder):
    """Runs one agent; gives what was seen of it."""
    prompt = f"Write notes.txt with the zebrafish{agent.replace('-', '')} needle"
    needle = f"zebrafish{agent.replace('-', '')}"
    mock_arguments = ["--plan", spec.get("plan", "shell,write,read"), "--command", COMMAND, "--final", CLOSING,
                      "--delay", str(spec.get("delay", 0.0))]
    place = Place(spec, folder, mock_arguments, prompt)
    fill = place.fill
    daemon = Daemon(opensession, place.home, place.variables)
    # Agents that keep their sessions in the project are found through the projects that are known.
    daemon.ask("agent/scan", {"path": str(folder)})
    seen = {"agent": agent, "found": None, "grew": False, "whole": False, "events": 0}
    running = None
    try:
        for arguments in spec.get("before", []):
            subprocess.run([program, *map(fill, arguments)], **place.options(), timeout=60, check=False)
        begun = time.monotonic()
        running = subprocess.Popen([program, *map(fill, spec["arguments"])], **place.options(), start_new_session=True)
        events_then = 0
        while running.poll() is None and time.monotonic() - begun < 120:
            if seen["found"] is None and (ids := daemon.search(needle)):
                seen["found"] = round(time.monotonic() - begun, 1)
                events_then = daemon.ask("session/get", {"session": ids[0]})["session"]["events"]
            time.sleep(0.1)
        seen["took"] = round(time.monotonic() - begun, 1)
        seen["exit"] = running.poll()
        daemon.ask("index/refresh", {})
        ids = daemon.search(needle)
        if ids:
            session = daemon.ask("session/get", {"session": ids[0]})["session"]
            seen.update(events=session["events"], title=session["title"], model=session.get("model"))
            seen["grew"] = session["events"] > events_then
            closing = daemon.search(f'"{spec.get("closing", CLOSING).rstrip(".")}" session:{session["id"]}')
            written = daemon.search(f"notes.txt session:{session['id']}")
            seen["whole"] = bool(closing) and bool(written)
    finally:
        if running is not None:
            kill(running)
        daemon.stop()
        place.close()
    return seen


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
    unknown = (set(only) | required) - set(AGENTS)
    if unknown:
        sys.exit(f"no such agent: {', '.join(sorted(unknown))}; there are {', '.join(AGENTS)}")
    base = base_folder(options.keep)
    failed = False
    for agent, spec in AGENTS.items():
        if only and agent not in only:
            continue
        program = program_of(spec)
        if program is None:
            print(f"{agent:12} not here: {spec['programs'][0]} is not on the PATH", flush=True)
            failed |= agent in required
            continue
        try:
            seen = follow(agent, spec, program, opensession, base / agent)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"{agent:12} FAILED: {error}", flush=True)
            failed = True
            continue
        good = seen["found"] is not None and seen["grew"] and seen["whole"]
        failed |= not good
        found = f"found after {seen['found']} s of {seen['took']}" if seen["found"] else f"not found in {seen['took']} s"
        print(f"{agent:12} {'ok' if good else 'FAILED'}: {found}, grew: {seen['grew']}, whole: {seen['whole']}, "
              f"{seen['events']} events, exit {seen['exit']}, model {seen.get('model')}", flush=True)
    if not options.keep:
        shutil.rmtree(base, ignore_errors=True)
    sys.exit(1 if failed else 0)


main()
