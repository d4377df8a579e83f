#!/usr/bin/env python3
"""Hands a session over to real agents, and shows that each of them goes on with it.

For each agent that is on the PATH: a home of its own, a git project, a daemon, a scripted model on loopback. The agent
is run once, so that its own files are there. Then a session of another agent, a HAIL file, is handed off into it, the
agent resumes it with a prompt, and the model's requests are looked at. Two homes: in `fresh` the agent never ran. An agent
that keeps its sessions in a database has none there yet: that must be refused, and nothing be made.

  handoff    the request holds the handoff's objective and its citations
  turns      it holds the earlier prompts and answers, and the tools told as text
  prompt     it holds the prompt with which it was resumed
  listed     the daemon lists the session under its agent

usage: into.py --opensession PROGRAM [--only AGENT,…] [--require AGENT,…] [--keep FOLDER] [--isolated]

--isolated runs everything in a network namespace that has loopback alone (needs root). Exit status 1 when an agent that
was run does not go on as above, or one that is required is not there.
"""
import json
from pathlib import Path

from agents import AGENTS
from frame import Daemon, Place, daemon_id, requests_in, run_trials, texts

# Arguments that resume `{session}` with `{prompt}` without a terminal.
RESUME = {
    "claude-code": ["--resume", "{session}", "-p", "{prompt}", "--dangerously-skip-permissions"],
    "codex": ["exec", "resume", "{session}", "--skip-git-repo-check", "--json", "{prompt}"],
    "opencode": ["run", "--session", "{session}", "--format", "json", "{prompt}"],
    "goose": ["run", "--resume", "--session-id", "{session}", "--with-builtin", "developer", "-t", "{prompt}"],
    "gemini-cli": ["--yolo", "--skip-trust", "-m", "gemini-2.5-pro", "--resume", "{session}", "-p", "{prompt}"],
    "qwen-code": ["--yolo", "--resume", "{session}", "-p", "{prompt}"],
    "copilot-cli": ["--allow-all-tools", "--resume", "{session}", "-p", "{prompt}"],
    "pi": ["-p", "--provider", "mock", "--model", "mock-1", "--session", "{session}", "{prompt}"],
}
# Agents whose sessions lie in a database.
DATABASES = {"opencode", "goose"}
PROMPT = "Go on where the quokka stopped"
# Codex keeps titles apart from its sessions: there the first words stand for one. Copilot CLI names a session by the
# first prompt that it took itself.
TITLES = ("Handoff: ", "This session goes on", PROMPT)
SESSION = [
    {"v": "hail/0.1", "tool": "windsurf", "model": "m-1", "ts": "2026-02-01T10:00:00Z", "title": "Fix the wombat lock"},
    {"role": "human", "content": "Fix the wombat lock: \"잠금\" \\ 'quotes' 😀\nand test it"},
    {"role": "agent", "content": "I look at the wombat first."},
    {"type": "command", "call_id": "1", "name": "Bash", "command": "cargo test numbat"},
    {"type": "tool_result", "call_id": "1", "status": "error", "exit_code": 101, "content": "lock poisoned"},
    {"role": "agent", "content": "The bilby is taken twice."},
    {"role": "human", "content": "<b>Go on</b>, take it once"},
    {"role": "human", "content": "and quickly"},
    {"role": "agent", "content": "Done: the bilby is taken once."},
]
# What the request has to hold, by what it shows.
WANTED = {
    "handoff": ["Its handoff comes first", "# Handoff", "#1"],
    "turns": ["I look at the wombat first.", "(ran `cargo test numbat`: exit 101)", "The bilby is taken twice.",
              "<b>Go on</b>, take it once", "and quickly", "Done: the bilby is taken once.",
              "Fix the wombat lock: \"잠금\" \\ 'quotes' 😀\nand test it"],
    "prompt": [PROMPT],
}


def hand_over(agent, program, opensession, folder, home):
    """Hands the session over to one agent; gives whether it goes on with it, and what was seen."""
    fresh = home == "fresh"
    requests = folder / "requests.jsonl"
    with Place(agent, folder, ["--plan", "", "--log", str(requests)], "Say hello") as place:
        file = folder / "session.hail.jsonl"
        header = {**SESSION[0], "cwd": str(place.project)}
        file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [header, *SESSION[1:]]))
        if not fresh:
            place.run(program, AGENTS[agent]["arguments"])
        with Daemon(opensession, place.home, place.variables) as daemon:
            asked_for = ["handoff", str(file), "--into", daemon_id(agent), "--json"]
            if fresh and agent in DATABASES:
                return refused(daemon, asked_for, place)
            written = json.loads(daemon.run(*asked_for))
            if agent not in DATABASES:
                assert Path(written["path"]).read_bytes().endswith(b"\n")
            asked = len(requests_in(requests))
            place.filled.update({"{session}": written["native_id"], "{prompt}": PROMPT})
            ended = place.run(program, RESUME[agent], check=False, cwd=written["resume_cwd"])
            bodies = requests_in(requests)[asked:]
            daemon.ask("index/refresh", {})
            session = daemon.ask("session/get", {"session": f"{written['agent']}:{written['native_id']}"})["session"]
    seen = {"exit": ended.returncode, "requests": len(bodies), "turns_written": written["turns"]}
    said = ["\n".join(texts(body)) for body in bodies]
    for name, wanted in WANTED.items():
        seen[name] = any(all(words in text for words in wanted) for text in said)
    seen["listed"] = session["agent"] == written["agent"] and session["title"].startswith(TITLES)
    seen["title"] = session["title"]
    return all(seen[what] for what in (*WANTED, "listed")) and seen["exit"] == 0, seen


def refused(daemon, arguments, place):
    """Whether a session for an agent without a database is refused, and no database made."""
    ended = daemon.call(arguments, text=True, check=False)
    said = ended.returncode != 0 and "something once" in ended.stderr
    # The store of the daemon lies there too.
    made = [path for path in place.home.glob(".local/share/*/**/*.db") if "opensession" not in path.parts]
    return said and not made, {"refused": said, "made": made}


run_trials(__file__, __doc__, hand_over, RESUME, ("used", "fresh"))
