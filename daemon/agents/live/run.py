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
import subprocess
import time

from agents import AGENTS
from frame import Daemon, Place, kill, run_trials

CLOSING = "Done: the zebrafish file is written and checked."
COMMAND = "sleep 4; echo zebrafish-ran"


def follow(agent, program, opensession, folder):
    """Runs one agent while the daemon watches; gives whether it was followed, and what was seen."""
    spec = AGENTS[agent]
    prompt = f"Write notes.txt with the zebrafish{agent.replace('-', '')} needle"
    needle = f"zebrafish{agent.replace('-', '')}"
    mock_arguments = ["--plan", spec.get("plan", "shell,write,read"), "--command", COMMAND, "--final", CLOSING,
                      "--delay", str(spec.get("delay", 0.0))]
    seen = {"found": None, "grew": False, "whole": False, "events": 0}
    with (Place(agent, folder, mock_arguments, prompt) as place,
          Daemon(opensession, place.home, place.variables) as daemon):
        # Agents that keep their sessions in the project are found through the projects that are known.
        daemon.ask("agent/scan", {"path": str(folder)})
        for arguments in spec.get("before", []):
            place.run(program, arguments, check=False, timeout=60)
        begun = time.monotonic()
        command = [program, *map(place.fill, spec["arguments"])]
        running = subprocess.Popen(command, **place.options(), start_new_session=True)
        events_then = 0
        try:
            while running.poll() is None and time.monotonic() - begun < 120:
                if seen["found"] is None and (ids := daemon.search(needle)):
                    seen["found"] = round(time.monotonic() - begun, 1)
                    events_then = daemon.ask("session/get", {"session": ids[0]})["session"]["events"]
                time.sleep(0.1)
            seen["took"] = round(time.monotonic() - begun, 1)
            seen["exit"] = running.poll()
        finally:
            kill(running)
        daemon.ask("index/refresh", {})
        if ids := daemon.search(needle):
            session = daemon.ask("session/get", {"session": ids[0]})["session"]
            seen.update(events=session["events"], title=session["title"], model=session.get("model"))
            seen["grew"] = session["events"] > events_then
            closing = daemon.search(f'"{spec.get("closing", CLOSING).rstrip(".")}" session:{session["id"]}')
            written = daemon.search(f"notes.txt session:{session['id']}")
            seen["whole"] = bool(closing) and bool(written)
    good = seen["found"] is not None and seen["grew"] and seen["whole"]
    found = f"found after {seen['found']} s of {seen['took']}" if seen["found"] else f"not found in {seen['took']} s"
    return good, (f"{found}, grew: {seen['grew']}, whole: {seen['whole']}, {seen['events']} events, "
                  f"exit {seen['exit']}, model {seen.get('model')}")


run_trials(__file__, __doc__, follow)
