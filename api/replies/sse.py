"""Parses server-sent events from bytes that are split anywhere."""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LINE_END = re.compile("\r\n|\r|\n")

LONGEST_INTEGER = 20
"""Digits. A longer integer is read as -1, which no count and no time can be: Python refuses to read 5,000 digits."""


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event. Its data is an object, or a text if it is no JSON object."""

    name: str
    data: dict[str, Any] | str

    def encode(self) -> bytes:
        data = self.data if isinstance(self.data, str) else json.dumps(self.data, separators=(",", ":"))
        name = f"event: {self.name}\n" if self.name else ""
        lines = "".join(f"data: {line}\n" for line in data.split("\n"))
        return f"{name}{lines}\n".encode()


class EventParser:
    """Parses one response. An event of more than `limit` characters is cut off there, and is then no JSON any more."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._line: list[str] = []
        """The pieces of the line that has not ended."""
        self._ended_in_cr = False
        """Whether the last piece ended in CR, so that an LF at the start of the next one belongs to it."""
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[Event]:
        """The events that end within this piece."""
        yield from self._lines(self._decode(piece))

    def finish(self) -> Iterator[Event]:
        """The event that ends with the response."""
        yield from self._lines(self._decode(b"", True) + "\n\n")

    def _lines(self, text: str) -> Iterator[Event]:
        if not text:
            return
        if self._ended_in_cr:
            text = text.removeprefix("\n")
        self._ended_in_cr = text.endswith("\r")
        *ended, rest = LINE_END.split(text)
        for end in ended:
            self._keep(end)
            line = "".join(self._line)
            self._line.clear()
            yield from self._read(line)
        self._keep(rest)

    def _keep(self, piece: str) -> None:
        piece = piece[: self._limit - self._size]
        if piece:
            self._size += len(piece)
            self._line.append(piece)

    def _read(self, line: str) -> Iterator[Event]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif not line:
            if self._data:
                yield Event(self._name, parse("\n".join(self._data)))
            self._name, self._data, self._size = "", [], 0
        else:
            self._size -= len(line)  # a comment, or a field without a meaning here


def parse(text: str | bytes) -> Any:
    """A JSON object, or any other text as it is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = json.loads(text, parse_int=_short_integer)
        except (ValueError, RecursionError):
            return text
    return found if isinstance(found, dict) else text


def _short_integer(digits: str) -> int:
    return int(digits) if len(digits) <= LONGEST_INTEGER else -1
