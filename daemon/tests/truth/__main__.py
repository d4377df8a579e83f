"""Measures search answers against a scan of the raw files that shares no code with the daemon.

    python3 daemon/tests/truth HOME…

For each home directory, words, identifiers, their parts, phrases, paths, beginnings, pieces and text in Chinese, Japanese
and Korean are drawn from its sessions of Claude Code and Codex. The sessions in which a query stands, by the scan, are
compared with those that a daemon of its own names and counts in `matching_all`. A session may be missing from an answer
when another one holds a copy of every text that matches: it is folded into that. Prints `measured / bar`, and fails below
the bar.
"""

import argparse
import random
import re
import signal
import sys
from pathlib import Path

import tokens
import transcripts
from daemon import Daemon

PATHS = re.compile(r"(?<![\w./-])(?:[\w][\w.-]*/)+[\w][\w-]*\.[a-z]{1,4}\b")
# The draw must not be read as something else than a word.
OPERATORS = {"or", "and", "not"}


class Corpus:
    """All texts of a home, by the session that they are listed under."""

    def __init__(self, home):
        self.groups = {}
        for session in transcripts.sessions(home):
            self.groups.setdefault(session.root, []).extend(session.texts)
        self.folded = {root: [tokens.fold(text) for text, _, _ in texts] for root, texts in self.groups.items()}
        self.joined = {root: "\n".join(texts) for root, texts in self.folded.items()}
        self.holders = {}
        for root, texts in self.groups.items():
            for text, _, _ in texts:
                self.holders.setdefault(text, set()).add(root)

    def texts(self):
        return [text for texts in self.groups.values() for text, _, _ in texts]

    def matching(self, root, body, every=False):
        """The texts of a session in which it stands; the first alone, unless `every` is asked for."""
        needles = body.needles()
        found = []
        if not all(needle in self.joined[root] for needle in needles):
            return found
        for (text, record, thread), folded in zip(self.groups[root], self.folded[root]):
            if all(needle in folded for needle in needles) and body.stands_in(text):
                found.append((record, text))
                if not every:
                    break
        return found

    def sessions(self, bodies):
        """The sessions in which all stand."""
        return {root for root in self.groups if all(self.matching(root, body) for body in bodies)}

    def holding(self, query):
        """How many sessions hold the letters of a query, wherever in a word they stand."""
        letters = tokens.fold(query.strip('"*'))
        return sum(letters in joined for joined in self.joined.values())

    def is_copy(self, root, others, bodies):
        """Whether one of the others holds a copy of every text that matches."""
        holders = set(others)
        for body in bodies:
            for _, text in self.matching(root, body, every=True):
                holders &= self.holders[text]
        return bool(holders)


def draw(corpus, random_numbers, count):
    """Queries by class, each with what must stand in a session."""
    texts = [text for text in corpus.texts() if len(text) > 20]
    queries = {}

    def take(name, pick):
        found = {}
        for _ in range(count * 60):
            if len(found) == count or not texts:
                break
            drawn = pick(random_numbers.choice(texts))
            if drawn and drawn[0] not in found:
                found[drawn[0]] = drawn[1]
        if found:
            queries[name] = list(found.items())

    def runs(text):
        # Somewhere in the text, not always at its beginning.
        at = random_numbers.randrange(len(text))
        found = re.findall(r"\w+", text[at:at + 400])[1:-1]
        return [run for run in found if run.strip("_") and run.lower() not in OPERATORS and len(run) <= 64
                and not any(map(tokens.is_cjk, run))]

    def one(text, is_wanted, make):
        wanted = [run for run in runs(text) if is_wanted(run)]
        if wanted:
            return make(random_numbers.choice(wanted))
        return None

    def is_plain(run):
        return len(run) > 2 and not tokens.parts(run)

    def part_of(run):
        part = random_numbers.choice(tokens.parts(run))
        return (part, [tokens.Word(part)]) if len(part) > 1 and part not in OPERATORS else None

    def phrase(text):
        at = random_numbers.randrange(len(text))
        words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text[at:at + 300])[1:-1]
        length = random_numbers.choice((2, 2, 3, 4))
        if len(words) < length:
            return None
        start = random_numbers.randrange(len(words) - length + 1)
        quoted = " ".join(words[start:start + length])
        return f'"{quoted}"', [tokens.Phrase(quoted)]

    def path(text):
        found = PATHS.findall(text[:20_000])
        if not found:
            return None
        typed = "/".join(random_numbers.choice(found).split("/")[-random_numbers.choice((1, 2, 3)):])
        return (typed, [tokens.Word(typed)]) if len(tokens.finest(typed)) > 1 else None

    def beginning(run):
        stem = run[:random_numbers.randrange(5, max(len(run), 6))].rstrip("_")
        return (stem + "*", [tokens.Beginning(stem)]) if len(stem) > 4 else None

    def cut_short(run):
        # Of a word that stands nowhere longer ones are meant.
        stem = run[:-random_numbers.randrange(1, 4)].rstrip("_")
        return (stem, [tokens.Beginning(stem)]) if not corpus.sessions([tokens.Word(stem)]) else None

    def piece(run):
        start = random_numbers.randrange(1, len(run) - 6)
        inner = run[start:start + 6]
        return (f"*{inner}*", [tokens.Piece(inner)]) if not inner.startswith("_") else None

    def cjk(length):
        def pick(text):
            found = [run for run in re.findall(r"\w+", text) if len(run) >= length and all(map(tokens.is_cjk, run))]
            if not found:
                return None
            run = random_numbers.choice(found)
            start = random_numbers.randrange(len(run) - length + 1)
            typed = run[start:start + length]
            return typed, [tokens.Character(typed) if length == 1 else tokens.Word(typed)]
        return pick

    def two(text):
        words = [run for run in runs(text) if is_plain(run)]
        if len(words) < 2:
            return None
        pair = random_numbers.sample(words, 2)
        # Common words beside others are not asked for.
        return (" ".join("+" + word for word in pair), [tokens.Word(word) for word in pair])

    take("word", lambda text: one(text, is_plain, lambda run: (run, [tokens.Word(run)])))
    take("two words", two)
    take("identifier", lambda text: one(text, tokens.parts, lambda run: (run, [tokens.Word(run)])))
    take("its part", lambda text: one(text, tokens.parts, part_of))
    take("phrase", phrase)
    take("path", path)
    take("beginning", lambda text: one(text, lambda run: len(run) > 6, beginning))
    take("cut short", lambda text: one(text, lambda run: len(run) > 8, cut_short))
    take("piece", lambda text: one(text, lambda run: len(run) > 8, piece))
    texts = [text for text in texts if any(map(tokens.is_cjk, text))]
    for length in (1, 2, 3):
        take(f"cjk {length}", cjk(length))
    return queries


NAMED = [
    ("error", [tokens.Word("error")]),
    ('"race condition"', [tokens.Phrase("race condition")]),
    ("condens*", [tokens.Beginning("condens")]),
    ("checkpoint_test.go", [tokens.Word("checkpoint_test.go")]),
    ("ManualCommit", [tokens.Word("ManualCommit")]),
    ("*manualcommit*", [tokens.Piece("manualcommit")]),
    ("ManualComm*", [tokens.Beginning("ManualComm")]),
    ("你好", [tokens.Word("你好")]),
    ("--no-verify", [tokens.Word("no-verify")]),
]


def measure(name, queries, corpus, daemon, told):
    """Prints a class; says whether it is perfect."""
    true_total = answered_total = right_total = copies = miscounted = cut = 0
    for query, bodies in queries:
        true = corpus.sessions(bodies)
        if not true and name == "named":
            continue
        answered, answer = daemon.search(query)
        count = answer["matching_all"]
        if count["at_least"]:
            cut += 1
            continue
        lost, wrong = true - answered, answered - true
        folded = {root for root in lost if corpus.is_copy(root, answered, bodies)}
        lost -= folded
        copies += len(folded)
        miscounted += count["value"] != len(answered)
        true_total += len(true) - len(folded)
        answered_total += len(answered)
        right_total += len(answered & true)
        if name == "named" or told:
            print(f"    {query}: {len(answered)} answered / {len(true)} true less {len(folded)} copies; "
                  f"{corpus.holding(query)} hold it letter by letter")
        if lost or wrong or count["value"] != len(answered):
            print(f"    {query!r}: {len(lost)} lost {sorted(lost)[:3]}, {len(wrong)} wrong {sorted(wrong)[:3]}, "
                  f"counted {count['value']} of {len(answered)}")
    recall = right_total / true_total if true_total else 1.0
    precision = right_total / answered_total if answered_total else 1.0
    print(f"Q1 {name:<12} recall {recall:.4f} / 1.00, precision {precision:.4f} / 1.00; {len(queries)} queries, "
          f"{copies} copies folded, {miscounted} miscounted, {cut} beyond the bounds")
    return recall == precision == 1.0 and not miscounted


def main():
    root = Path(__file__).resolve().parents[3]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("homes", nargs="+", metavar="HOME", type=Path)
    parser.add_argument("--program", default=str(root / "target/debug/opensession"))
    parser.add_argument("--draws", type=int, default=60, help="queries of each class")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    # So that its daemon ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    perfect = True
    for home in arguments.homes:
        home = home.resolve()
        corpus = Corpus(home)
        print(f"{home}: {len(corpus.groups)} sessions, {len(corpus.texts())} texts")
        with Daemon(arguments.program, home) as daemon:
            classes = {"named": NAMED} | draw(corpus, random.Random(arguments.seed), arguments.draws)
            for name, queries in classes.items():
                perfect &= measure(name, queries, corpus, daemon, arguments.verbose)
    sys.exit(not perfect)


main()
