"""A file as far as a log shows it: what it was before the session, and what it became."""

import os
import re
import subprocess
import tempfile

HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


class Sheet:
    """Lines of a file, each the text that the session wrote, or the number that the line had before the session.

    A file whose content was shown is known as a whole; of one of which only hunks were shown, the lines around them are not
    known, and need not be: they are the same before and after.
    """

    def __init__(self, content=None):
        self.texts = dict(enumerate(lines_of(content or "")))
        self.now = list(self.texts)
        # The first line that was not seen yet, where the file goes on beyond what was shown.
        self.beyond = 0 if content is None else None
        self.known = True

    def lose(self):
        self.known = False

    def whole(self):
        return self.known and self.beyond is None

    def text(self):
        return "\n".join(self.line(item) for item in self.now)

    def line(self, item):
        return item if isinstance(item, str) else self.texts.get(item, f"<line {item} of before>")

    def write(self, content):
        if self.whole():
            self.now = lines_of(content)
        else:
            self.lose()

    def replace(self, old, new, everywhere=False):
        text = self.text()
        if not self.whole() or not old or old not in text:
            self.lose()
        else:
            self.now = lines_of(text.replace(old, new, -1 if everywhere else 1))

    def patch(self, hunks):
        """Hunks are `(first old line, lines with their sign)`, the line 0 being the one before the first."""
        for start, lines in reversed(hunks):
            at = start
            while self.beyond is not None and len(self.now) < at + len(lines):
                self.now.append(self.beyond)
                self.beyond += 1
            for line in lines:
                sign, text = line[:1], line[1:].rstrip("\r")
                if sign == "+":
                    self.now.insert(at, text)
                    at += 1
                    continue
                if at >= len(self.now):
                    return self.lose()
                item = self.now[at]
                if not isinstance(item, str):
                    self.texts.setdefault(item, text)
                if self.line(item).rstrip("\r") != text:
                    return self.lose()
                if sign == "-":
                    del self.now[at]
                else:
                    at += 1

    def apply(self, lines):
        """A hunk without numbers, which is found by what it takes away and leaves."""
        wanted = [line[1:] for line in lines if line[:1] != "+"]
        shown = [self.line(item) for item in self.now]
        at = next((index for index in range(len(shown) + 1) if shown[index:index + len(wanted)] == wanted), None)
        if at is None or not self.whole() or not wanted:
            self.lose()
        else:
            self.patch([(at, lines)])

    def contents(self):
        """What the file was and what it became, with lines in the place of those that were not shown."""
        if not self.known:
            return None
        before = [self.line(number) for number in range(self.beyond if self.beyond is not None else len(self.texts))]
        return ("".join(line + "\n" for line in before), "".join(self.line(item) + "\n" for item in self.now))

    def net(self):
        contents = self.contents()
        return None if contents is None else count_changes(*contents)


def lines_of(content):
    return content.removesuffix("\n").split("\n") if content else []


def hunks_of(diff):
    """The hunks of a unified diff of one file, as a sheet takes them."""
    hunks = []
    for line in diff.split("\n"):
        head = HUNK.match(line)
        if head:
            start = int(head.group(1)) - (head.group(2) != "0")
            hunks.append((max(start, 0), []))
        elif hunks and line[:1] in (" ", "+", "-") and line:
            hunks[-1][1].append(line)
    return hunks


def is_smaller(before, after, shown, counted):
    """Whether a difference that somebody shows is one, and none larger than git's, which is not always the smallest."""
    if None in shown or shown[0] - shown[1] != counted[0] - counted[1] or shown[0] > counted[0]:
        return False
    before, after = lines_of(before), lines_of(after)
    while before and after and before[-1] == after[-1]:
        del before[-1], after[-1]
    row = [0] * (len(after) + 1)
    for line in before:
        diagonal = 0
        for index, other in enumerate(after):
            above = row[index + 1]
            row[index + 1] = diagonal + 1 if line == other else max(above, row[index])
            diagonal = above
    return shown[0] >= len(after) - row[-1]


def count_changes(before, after):
    """Lines added and removed in the smallest difference, as git finds it."""
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("before", "after")]
        for name, content in zip(names, (before, after)):
            # Whether the last line is ended is no difference.
            with open(name, "w", encoding="utf-8", errors="surrogatepass", newline="\n") as file:
                file.write("".join(line + "\n" for line in content.split("\n")).removesuffix("\n")
                           if content.endswith("\n") else content and content + "\n")
        command = ["git", "diff", "--no-index", "--minimal", "--numstat", "--text", *names]
        printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return (int(printed[0]), int(printed[1])) if printed else (0, 0)
