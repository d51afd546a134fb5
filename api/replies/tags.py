"""Separates reasoning in tags from the text of an answer: `<think>The moon…</think>Tides…`.

Open models and the servers that run them write their reasoning into the text. It is reasoning only at the very start of
an answer. A `<think>` later, in prose or code, is text. Tags arrive split over any number of deltas.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

OPENING, CLOSING = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the reply's text."""

    delta: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's reasoning."""

    delta: str


class State(Enum):
    START = "nothing but white space, or the beginning of an opening tag"
    REASONING = "after the opening tag"
    GAP = "white space after the closing tag"
    TEXT = "the answer, in which tags mean nothing"


class TagReader:
    """Reads the text of one answer.

    With `closing_only` the answer begins inside the tags: the model's template contains the opening one, so that only
    the closing one arrives.
    """

    def __init__(self, *, closing_only: bool = False) -> None:
        self._state = State.REASONING if closing_only else State.START
        self._held = ""
        """Text that may belong to a tag, or white space at an edge of the reasoning."""
        self._unclosed: list[str] | None = [] if closing_only else None
        """The reasoning, until the closing tag has shown that it is reasoning."""
        self._has_begun = False
        """Whether there was reasoning. White space before it is left out."""

    def read(self, delta: str) -> Iterator[Text | Reasoning]:
        """The text and the reasoning that are certain by now."""
        if self._state is State.TEXT:
            if delta:
                yield Text(delta)
            return
        self._held += delta
        if self._state is State.START:
            yield from self._start()
        if self._state is State.REASONING:
            yield from self._reasoning()
        if self._state is State.GAP:
            yield from self._gap()

    def finish(self, *, complete: bool) -> Iterator[Text | Reasoning]:
        """What was held back. Of a `complete` answer that closed no tag, all is text: the model did not reason."""
        held, self._held = self._held, ""
        if self._state is State.START and held:
            yield Text(held)
        elif self._state is State.REASONING:
            if complete and self._unclosed is not None:
                yield Text("".join([*self._unclosed, held]))
            elif held.strip():
                yield Reasoning(held.rstrip())

    def _start(self) -> Iterator[Text | Reasoning]:
        begun = self._held.lstrip()
        if begun.startswith(OPENING):
            self._state, self._held = State.REASONING, begun.removeprefix(OPENING)
        elif not OPENING.startswith(begun):
            self._state = State.TEXT
            yield Text(self._held)
            self._held = ""

    def _reasoning(self) -> Iterator[Text | Reasoning]:
        if not self._has_begun:
            begun = self._held.lstrip()
            if OPENING.startswith(begun):
                return  # nothing but white space, or a second opening tag that has not ended
            self._held = begun.removeprefix(OPENING).lstrip()
        reasoning, closing, rest = self._held.partition(CLOSING)
        if closing:
            self._state, self._held, self._unclosed = State.GAP, rest, None
            reasoning = reasoning.rstrip()
        else:
            certain = reasoning[: _possible_closing(reasoning)].rstrip()
            reasoning, self._held = certain, reasoning[len(certain) :]
        if reasoning:
            self._has_begun = True
            if self._unclosed is not None:
                self._unclosed.append(reasoning)
            yield Reasoning(reasoning)

    def _gap(self) -> Iterator[Text | Reasoning]:
        text = self._held.lstrip()
        if text:
            space = self._held[: len(self._held) - len(text)]
            indentation = space.rpartition("\n")[2] if "\n" in space else ""
            self._state, self._held = State.TEXT, ""
            yield Text(indentation + text)


def _possible_closing(text: str) -> int:
    """Where the text ends in the beginning of a closing tag, or its length."""
    for size in range(min(len(CLOSING) - 1, len(text)), 0, -1):
        if text.endswith(CLOSING[:size]):
            return len(text) - size
    return len(text)
