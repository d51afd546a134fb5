"""Terms: what the search index knows of a text.

A word is a term, without its case and accents. Scripts without spaces between words, such as Chinese and Thai,
have a term for each character and each pair of neighbours.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import normalize

INDEXED_CHARACTERS = 100_000
"""Of a message, from its start. A search does not find what comes later."""

WORD_CHARACTERS = 100
"""Longer words are searched by their start."""

PREFIX_CHARACTERS = 2
"""From this length on, a word of a query also finds longer words that begin with it."""

TERM_BYTES = 900_000
"""Of all different terms of a message. Postgres stores no more than 1 MiB in a `tsvector`."""

_SPACELESS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    r"\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_MARKS = r"\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0980-\u0d7f"
"""Vowel signs and accents, which are no letters to Python and belong to a word."""

_accent = re.compile("[\u0300-\u036f]")
_run = re.compile(rf"[{_SPACELESS}]+|(?:(?![{_SPACELESS}])[^\W_][{_MARKS}]*)+")
_spaceless = re.compile(f"[{_SPACELESS}]")


@dataclass(frozen=True, slots=True)
class Query:
    """What all messages that are found contain."""

    words: tuple[str, ...]
    pairs: tuple[str, ...]
    """Pairs of neighbours, and single characters, in scripts without spaces."""

    def __bool__(self) -> bool:
        return bool(self.words or self.pairs)

    @classmethod
    def of(cls, written: str) -> "Query":
        """Every character that is no letter and no digit separates words. There are no operators."""
        words: dict[str, None] = {}
        pairs: dict[str, None] = {}
        for run in _run.finditer(written):
            if _spaceless.match(run[0]):
                characters = _characters(run[0])
                pairs |= dict.fromkeys(map("".join, itertools.pairwise(characters)))
                if len(characters) == 1:
                    pairs[characters[0]] = None
            elif word := _folded(run[0]):
                words[word] = None
        return cls(tuple(words), tuple(pairs))

    def matches(self, word: str) -> bool:
        return any(word.startswith(each) if len(each) >= PREFIX_CHARACTERS else word == each for each in self.words)


def terms_of(text: str) -> list[str]:
    """The different terms of a text, for the index."""
    found: dict[str, None] = {}
    room = TERM_BYTES
    for run in _run.finditer(text, 0, INDEXED_CHARACTERS):
        for term in _terms_of_run(run[0]):
            if term and term not in found:
                room -= len(term.encode())
                if room < 0:
                    return list(found)
                found[term] = None
    return list(found)


def _terms_of_run(run: str) -> Iterator[str]:
    if not _spaceless.match(run):
        yield _folded(run)
        return
    characters = _characters(run)
    yield from characters
    yield from map("".join, itertools.pairwise(characters))


def found_in(text: str, query: Query) -> Iterator[tuple[int, int]]:
    """Where the terms of a query stand in a text, as start and end, in their order."""
    for run in _run.finditer(text, 0, INDEXED_CHARACTERS):
        if not _spaceless.match(run[0]):
            if query.words and query.matches(_folded(run[0])):
                yield run.span()
        elif query.pairs:
            yield from _found_in_run(_characters(run[0]), run.start(), query.pairs)


def _found_in_run(characters: list[str], start: int, pairs: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Neighbouring pairs are one place."""
    begin = end = -1
    for index, character in enumerate(characters):
        if character in pairs:
            size = 1
        elif index + 1 < len(characters) and character + characters[index + 1] in pairs:
            size = 2
        else:
            continue
        if index > end:
            if begin >= 0:
                yield start + begin, start + end
            begin = index
        end = max(end, index + size)
    if begin >= 0:
        yield start + begin, start + end


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()[:WORD_CHARACTERS]
    plain = _accent.sub("", normalize("NFKD", word).casefold())
    return "".join(filter(_is_kept, normalize("NFC", plain)))[:WORD_CHARACTERS]


def _characters(run: str) -> list[str]:
    """One for each character of the run, so that their places are those of the text."""
    plain = (normalize("NFKC", character)[0] for character in run)
    return [new if _is_kept(new) else old for new, old in zip(plain, run, strict=True)]


def _is_kept(character: str) -> bool:
    """Of ASCII, terms have only letters and digits: the databases' parsers give the others a meaning."""
    return character.isalnum() or not character.isascii()
