#!/usr/bin/env python3
"""Counts what is in the samples of Aider: `count_aider.py <folder of samples> > aider.json`.

The log of a session is taken apart by one regular expression, from its beginning on: a prompt, a line of the program with
what belongs to it, or a reply, which goes on until one of the others begins. Shares nothing with the reader.
"""

import json
import pathlib
import re
import sys

HEADER = re.compile(r"(?:\A\n?|(?<=\n\n))# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\n")
AUTOMATIC = re.compile(
    r"# Fix any errors below, if possible\.|The LLM did not conform to the edit format\.|I ran this command:|\[The user|"
    r"# Question:(?s:.*)# Relevant docs:"
)
# What is typed with one of these is asked of the model, and written once more as that.
ASKED = re.compile(r"/(?:ask|code|architect|context|help)\s+(\S.*)", re.S)
# Trailing blanks were taken out of the log: the first line of the first prompt has none.
STRIPPED = re.compile(r"(?:(?!####(?: |$)).*\n)*####(?: (?:.*(?<!  ))?)?$", re.M)
# From 0.40 on the end of each reply is told, by its tokens.
TOLD_ENDS = re.compile(r"(?m)^> (?:Aider v(?:0\.[4-9]\d|[1-9])|Tokens: .*\bsent\b)")
# An empty line between two of a prompt's, where each has one after it.
LOOSE = re.compile(r"(?m)^(####(?: (?![/!]).*)?)\n(?:\n####(?:$| .*)(?:\n|\Z))+")
QUIET = re.compile(
    r"\s*$|Git repo:|Repo-map:|Editor model:|Weak model:|Use /help |You can use /undo |You can skip this check with |"
    r"https://aider\.chat/|Retrying in |VSCode terminal detected|Add \.aider|Added \.aider|Initial repo scan can be slow|"
    r"Would you like to see what's new in this version\?|Open documentation url for more info\?|Newer aider version |"
    r"Cur working dir:|Git working dir:|Loaded |Multiline mode:"
)
TOKENS = re.compile(r"Tokens: (?=.*\bsent\b)(.*)")
ERROR = re.compile(
    r"litellm\.|Unexpected error:|The LLM did not conform to the edit format|BadRequestError:|openai\.|"
    r"Model .* has hit a token limit|.*SEARCH/REPLACE block.*failed to match"
)
YES = r".*[ :?](?:y|yes|a|all)$"
OTHER = [
    ("version", re.compile(r"Aider v\d\S*$")),
    ("model", re.compile(r"(?:Main model|Model|Models): ")),
    ("tokens", TOKENS),
    ("edit", re.compile(r"Applied edit to ")),
    ("quiet", re.compile(r"Creating empty file ")),
    ("quiet", re.compile("Create new file" + YES, re.I)),
    ("approved", re.compile("Run shell command" + YES, re.I)),
    ("running", re.compile(r"Running ")),
    ("interrupt", re.compile(r"\^C ")),
    ("error", ERROR),
]


def kind_of(text):
    text = text.strip()
    if QUIET.match(text):
        return "quiet"
    return next((kind for kind, pattern in OTHER if pattern.match(text)), "said")


def number(text):
    text = text.replace(",", "")
    factor = {"k": 1000, "M": 1000000}.get(text[-1])
    return round(float(text[:-1]) * factor) if factor else int(text)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def ends(line):
    """Whether a line ends what its writer wrote: with two blanks, unless there is nothing else in it."""
    return line.endswith("  ") and not line.isspace()


def pieces(text):
    """Prompts, program's lines and replies, in order, as (kind, lines)."""
    stripped = STRIPPED.match(text)
    told_ends = stripped and TOLD_ENDS.search(text)
    if stripped:
        text = LOOSE.sub(lambda match: match[0].replace("\n\n", "\n"), text)
    lines = text.split("\n")[:-1]
    at = 0
    while at < len(lines):
        line = lines[at]
        if re.match(r"####( |$)", line):
            end = at
            while end < len(lines) and re.match(r"####( |$)", lines[end]):
                end += 1
            yield "prompt", [re.sub(r"^#### ?", "", one) for one in lines[at:end]]
        elif re.match(r">( |$)", line):
            end = at + 1
            is_open = not ends(line)
            while is_open and end < len(lines):
                if re.match(r"(####|>)( |$)", lines[end]) or stripped and not lines[end]:
                    break
                is_open = not ends(lines[end])
                end += 1
            yield "program", [line[2:]] + lines[at + 1 : end]
        elif not line:
            end = at + 1
        else:
            end = at + 1
            fences = line.lstrip().startswith("```")
            while end < len(lines):
                one, above = lines[end], lines[end - 1]
                two = ends(one)
                # Where the ends of replies are told, and no blanks tell, this is a heading.
                if re.match(r"####( |$)", one) and (two or stripped and not told_ends and not above and not fences):
                    break
                if re.match(r">( |$)", one) and not above:
                    known = one[1:].strip() and kind_of(one[1:]) != "said"
                    if known or two and not fences:
                        break
                fences ^= one.lstrip().startswith("```")
                end += 1
            yield "reply", lines[at:end]
        at = end


def count(text, typed):
    counts = dict.fromkeys(
        "prompts agent system thinking calls results errors edits compactions input output cache_read cache_write".split(), 0
    )
    said = []
    call = approved = working = False
    again = answer = ""

    def end_said():
        nonlocal said, call
        # What is longer than 30,000 bytes is told in several events.
        told = 0
        for line in said:
            if told + len(line.encode()) > 30000:
                counts["results" if call else "system"] += 1
                told = 0
            told += len(line.encode()) + 1
        if "".join(said).strip():
            counts["results" if call else "system"] += 1
        said, call = [], False

    for kind, lines in pieces(text):
        if kind == "program":
            first = lines[0].strip()
            what = kind_of(first)
            rest = lines[1:]
            if what == "tokens":
                counts_of = TOKENS.match(first).group(1).split("Cost:")[0]
                found = {name: number(amount) for amount, name in re.findall(r"([\d.,]+[kM]?) (sent|received|cache write|cache hit)", counts_of)}
                cached, written = found.get("cache hit", 0), found.get("cache write", 0)
                counts["input"] += max(0, found["sent"] - cached - written)
                counts["output"] += found.get("received", 0)
                counts["cache_read"] += cached
                counts["cache_write"] += written
                working = False
                rest = [one for one in rest if not one.startswith("Cost:")]
            elif what == "quiet":
                pass
            elif call:
                said += [first]
            elif what == "edit":
                # What is said before is an event of its own, before it.
                end_said()
                counts["edits"] += 1
            elif what == "approved":
                approved = True
            elif what == "running" and approved:
                counts["calls"] += 1
                approved = False
            elif what == "interrupt":
                counts["errors"] += working
                working = False
            elif what == "error":
                counts["errors"] += 1
            elif what in ("said", "running"):
                said += [first]
            said += [one.rstrip() for one in rest]
            continue
        end_said()
        text = "\n".join(lines).strip()
        if kind == "reply":
            thought = re.match(r"<thinking-content-(\w+)>(.*?)</thinking-content-\1>", text, re.S)
            if thought:
                counts["thinking"] += bool(thought.group(2).strip())
                text = text[thought.end() :].strip()
            counts["agent"] += bool(text)
            answer = squeezed(text)
            continue
        approved = False
        text = "\n".join(re.sub("  $", "", one) for one in lines).strip()
        words, was_again, plan = squeezed(text), again, answer
        again = answer = ""
        if text in ("", "<blank>"):
            continue
        if words == was_again:
            working = True
            continue
        word, *rest = text.split(None, 1)
        # What the architect answered is given to the editor as it stands.
        is_plan = words == plan and words not in typed and len(words) >= 60
        if is_plan or AUTOMATIC.match(text):
            counts["system"] += 1
            working = True
        elif text[0] == "!" or rest and word in ("/run", "/test", "/git", "/lint", "/web"):
            counts["calls"] += 1
            call = True
        elif word in ("/clear", "/reset"):
            counts["compactions"] += 1
        elif re.fullmatch("/[a-z-]+", word) and not ASKED.match(text):
            counts["system"] += 1
        else:
            again = squeezed(ASKED.sub(r"\1", text)) if ASKED.match(text) else ""
            counts["prompts"] += 1
            working = True
    end_said()
    return {what: number for what, number in counts.items() if number}


def inputs(log):
    """What was typed, where that is known."""
    path = log.with_name(".aider.input.history")
    entries = re.split(r"(?m)^# .*$", path.read_text(errors="replace")) if path.exists() else []
    return {squeezed(re.sub(r"(?m)^\+", "", entry)) for entry in entries}


def sessions(log):
    typed = inputs(log)
    text = log.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    hash = 0x811C9DC5
    for byte in log.parent.name.encode():
        hash = ((hash ^ byte) * 0x01000193) & 0xFFFFFFFF
    starts = [(match.start(), match.end(), match.group(1)) for match in HEADER.finditer(text)]
    found, seen = {}, {}
    if starts and re.search(r"(?m)^#### ", text[: starts[0][0]]):
        found[f"head-{hash:08x}"] = count(text[: starts[0][0]], typed)
    for at, (_, begin, time) in enumerate(starts):
        end = starts[at + 1][0] if at + 1 < len(starts) else len(text)
        seen[time] = seen.get(time, 0) + 1
        name = time.replace("-", "").replace(":", "").replace(" ", "T") + (f"-{seen[time]}" if seen[time] > 1 else "")
        if re.search(r"(?m)^#### ", text[begin:end]):
            found[f"{name}-{hash:08x}"] = count(text[begin:end], typed)
    return {name: counts for name, counts in found.items() if counts}


corpus = pathlib.Path(sys.argv[1])
samples = {}
for log in sorted(corpus.glob("aider/*/.aider.chat.history.md")):
    samples[log.parent.relative_to(corpus).as_posix()] = sessions(log)
json.dump({"agent": "aider", "samples": samples}, sys.stdout, indent=1, sort_keys=True)
print()
