"""Words of a text by the rules of protocol/SEARCH.md, written once more in Python, so that the daemon is not measured by itself."""

import functools
import re
import unicodedata

LONGEST = 64
MOST_PARTS = 16
WITHOUT_SPACES = ("CJK ", "HIRAGANA ", "KATAKANA", "HANGUL ", "IDEOGRAPHIC ITERATION", "IDEOGRAPHIC CLOSING",
                  "IDEOGRAPHIC NUMBER")
RUN = re.compile(r"\w+")
CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])")


@functools.lru_cache(maxsize=1 << 16)
def is_cjk(character):
    """Han, Kana and Hangul."""
    return character > "\u10ff" and unicodedata.name(character, "").startswith(WITHOUT_SPACES) \
        and unicodedata.category(character)[0] in "LN"


def normal(text):
    """NFKC, without accents; capitals stay, since they are boundaries."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    if all(character < "\u00c0" or is_cjk(character) for character in text):
        return text
    kept = []
    for character in text:
        if character < "\u00c0" or is_cjk(character):
            kept.append(character)
        else:
            kept += (part for part in unicodedata.normalize("NFD", character) if unicodedata.category(part)[0] != "M")
    return "".join(kept)


def fold(text):
    """As tokens are compared."""
    return normal(text).lower()


def is_hash(word):
    return len(word) >= 7 and re.fullmatch(r"[0-9a-fA-F]+", word) is not None and any(c.isdigit() for c in word)


def stretches(word):
    """Cut between letters and digits where one side is three long at least."""
    pieces = re.findall(r"\d+|\D+", word)
    parts = pieces[:1]
    for before, piece in zip(pieces, pieces[1:]):
        if len(before) >= 3 or len(piece) >= 3:
            parts.append(piece)
        else:
            parts[-1] += piece
    return parts


@functools.lru_cache(maxsize=1 << 18)
def parts(word):
    """The parts of an identifier; none where it has no inner boundary."""
    if not 4 <= len(word) <= LONGEST or is_hash(word):
        return ()
    found = [part for piece in word.split("_") for hump in CAMEL.split(piece) if hump for part in stretches(hump)]
    if len(found) > MOST_PARTS or found == [word]:
        return ()
    return tuple(part.lower() for part in found)


def runs(text):
    """Each run as its whole (None for a run of Han, Kana or Hangul) and its finest tokens."""
    for match in RUN.finditer(normal(text)):
        run = match.group()
        if run.isascii() or not any(map(is_cjk, run)):
            if run.strip("_"):
                whole = run[:LONGEST].lower()
                yield whole, parts(run) or (whole,)
            continue
        piece = ""
        cjk = False
        for character in run + "\0":
            if piece and (character == "\0" or is_cjk(character) != cjk):
                if cjk:
                    yield None, tuple(piece[at:at + 2] for at in range(max(len(piece) - 1, 1)))
                elif piece.strip("_"):
                    yield piece[:LONGEST].lower(), parts(piece) or (piece[:LONGEST].lower(),)
                piece = ""
            cjk = character != "\0" and is_cjk(character)
            piece += character


def finest(text):
    """The tokens that stand side by side."""
    return [token for _, tokens in runs(text) for token in tokens]


def stands_side_by_side(wanted, text):
    """Whether the tokens stand there one after the other."""
    tokens = finest(text)
    first, length = wanted[0], len(wanted)
    return any(token == first and tokens[at:at + length] == wanted for at, token in enumerate(tokens))


class Word:
    """A word as typed: one run, as a whole or its parts side by side; or several side by side."""

    def __init__(self, typed):
        self.tokens = finest(typed)
        self.wholes = [whole for whole, _ in runs(typed)]
        self.is_start_of_hash = len(self.wholes) == 1 and is_hash(typed)
        alone = r"[^\w\u0080-\U0010ffff]+".join(map(re.escape, self.tokens))
        self.plainly = re.compile(rf"\b{alone}\b") if alone.isascii() else None

    def needles(self):
        """Strings that a folded text has if it has the word."""
        return self.tokens

    def stands_in(self, text):
        # Where it stands between spaces there is nothing to cut.
        if self.plainly and text.isascii() and self.plainly.search(text.lower()):
            return True
        if len(self.wholes) == 1 and self.wholes[0] is not None:
            whole = self.wholes[0]
            for found, tokens in runs(text):
                if found == whole or whole in tokens:
                    return True
                if self.is_start_of_hash and any(token.startswith(whole) for token in (found or "", *tokens)):
                    return True
        return stands_side_by_side(self.tokens, text)


class Phrase(Word):
    """Words between quotes."""

    def stands_in(self, text):
        return stands_side_by_side(self.tokens, text)


class Beginning:
    """`x*`: tokens that begin so."""

    def __init__(self, stem):
        self.stem = fold(stem)
        self.tokens = finest(stem)

    def needles(self):
        return self.tokens

    def stands_in(self, text):
        for whole, tokens in runs(text):
            if any(token.startswith(self.stem) for token in (whole or "", *tokens)):
                return True
        *before, last = self.tokens
        if not before:
            return False
        tokens = finest(text)
        length = len(before)
        return any(tokens[at:at + length] == before and tokens[at + length].startswith(last)
                   for at in range(len(tokens) - length))


class Piece:
    """`*x*`: tokens that contain it."""

    def __init__(self, piece):
        self.piece = fold(piece)

    def needles(self):
        return [self.piece]

    def stands_in(self, text):
        return any(self.piece in token for whole, tokens in runs(text) for token in (whole or "", *tokens))


class Character:
    """One Han, Kana or Hangul character: wherever it stands."""

    def __init__(self, character):
        self.character = normal(character)

    def needles(self):
        return [self.character]

    def stands_in(self, text):
        return self.character in normal(text)
