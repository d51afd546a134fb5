"""What one writer has in hand of one row: text in at any speed, joined only when an update is due."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from api.streaming.columns import Status, Streamed
from api.streaming.errors import TooLong
from api.streaming.leases import INTERRUPTED
from api.streaming.tracks import Stream

BYTES_PER_SECOND = 512_000
"""The most that one row publishes and persists, however long it grows: each update is the whole text, so a fixed
cadence would cost the square of its length. At 1 MB an update comes every two seconds."""

HIGH_SURROGATES = ("\ud800", "\udbff")

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
REPLACEMENT_BYTES = len(REPLACEMENT.encode())


class Draft:
    """The text of a row being written. Made by `Writer.stream`."""

    def __init__(self, row: Streamed, *, cadence: float, limit: int, now: float, wake: Callable[[], None]) -> None:
        track = type(row).__track__
        assert isinstance(track, Stream)
        self.model = type(row)
        self.id: UUID = row.id
        self.fence: int = row.fence
        self.values: dict[str, Any] = {}
        self.ending: tuple[Status, str | None, str | None] | None = None
        self.returned = False
        """Whether another writer may have the row, which has shown nothing yet."""
        self.shown = False
        """Whether any of it was written: what is taken may yet be put back."""
        self.settled = asyncio.Event()
        """Set when the row is final, or somebody else's."""
        self.task: asyncio.Task[Any] | None = None
        """Who writes this; none once the block is left."""
        self.lost = False
        """Whether somebody else decided about the row, and whoever wrote it was cancelled for that."""
        self.beaten = now
        self._cadence = cadence
        self._limit = limit
        self._wake = wake
        self._main = track.texts[0]
        self._pieces: dict[str, list[str]] = {name: [] for name in track.texts}
        self._held: dict[str, str] = {}
        self._bytes = 0
        self._dirty = False
        self._flushed: float | None = None

    def append(self, delta: str, to: str | None = None) -> None:
        """More text for a streamed column, the first one by default. Costs no more than the piece.

        Raises TooLong when the row outgrows its limit; what fitted stays.
        """
        if not delta:
            return
        name = to or self._main
        if not delta.isascii() or name in self._held:
            delta = self._mended(delta, name)
        if "\0" in delta:
            delta = delta.replace("\0", REPLACEMENT)
        size = len(delta) if delta.isascii() else len(delta.encode())
        if self._bytes + size > self._limit:
            room = delta.encode()[: self._limit - self._bytes].decode(errors="ignore")
            self._take(room, name, len(room.encode()))
            raise TooLong(
                f"The text outgrew {self._limit:,} bytes and was ended there. Ask for a shorter one, or for the rest."
            )
        self._take(delta, name, size)

    def _take(self, delta: str, name: str, size: int) -> None:
        if delta:
            self._pieces[name].append(delta)
            self._bytes += size
            if not self._dirty:
                self._dirty = True
                self._wake()

    def _mended(self, delta: str, name: str) -> str:
        """Without lone surrogates, which no database takes; the two halves of one character may come apart."""
        delta = self._held.pop(name, "") + delta
        if HIGH_SURROGATES[0] <= delta[-1] <= HIGH_SURROGATES[1]:
            self._held[name], delta = delta[-1], delta[:-1]
        return delta.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def set(self, **values: Any) -> None:
        """Other columns of the row, written with the next update."""
        for name in values:
            if name not in self.model.__table__.c or name in self._pieces or hasattr(Streamed, name):
                raise TypeError(f"`{name}` is no column of {self.model.__name__} that whoever writes it may set.")
        self.values |= values

    def end(self, status: Status, code: str | None = None, message: str | None = None) -> None:
        """The next update is the last one."""
        for name in self._held:
            if self._bytes + REPLACEMENT_BYTES <= self._limit:
                self._take(REPLACEMENT, name, REPLACEMENT_BYTES)
        self._held.clear()
        self.ending = (status, code, message)
        self._wake()

    def leave(self) -> None:
        """Whoever wrote this must go: what has shown nothing yet waits for another writer, all else is ended."""
        if self.ending is not None:
            return
        if self.shown:
            self.end(Status.FAILED, "INTERRUPTED", INTERRUPTED)
        else:
            self.returned = True
            self._wake()

    @property
    def leaving(self) -> bool:
        """Nobody writes this any more; the writer has still to say so."""
        return self.returned or self.ending is not None

    def due_at(self) -> float:
        """When the next update may be written, by the writer's clock: at once for the first and for the last."""
        if self.leaving:
            return 0.0
        if not self._dirty:
            return float("inf")
        if self._flushed is None:
            return 0.0
        return self._flushed + max(self._cadence, self._bytes / BYTES_PER_SECOND)

    def take(self, now: float) -> dict[str, Any]:
        """The row as it is to be written now. What is appended from here on belongs to the next update."""
        self._dirty = False
        self._flushed = now
        for pieces in self._pieces.values():
            if len(pieces) > 1:
                pieces[:] = ["".join(pieces)]
        texts = {name: pieces[0] if pieces else None for name, pieces in self._pieces.items()}
        texts[self._main] = texts[self._main] or ""
        status, code, message = self.ending or (Status.STREAMING, None, None)
        return {
            "id": self.id,
            "fence": self.fence,
            **texts,
            "status": status,
            "error_code": code,
            "error_message": message,
            **self.values,
        }

    def put_back(self) -> None:
        """The update was not written: it is due again."""
        self._dirty = True
