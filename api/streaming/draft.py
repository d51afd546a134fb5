"""Drafts: what the writer holds of one row. Text is appended at any speed, and joined only when an update is due.

A draft begins with the text that its row has, so a producer can continue a text that ended before.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from api.streaming.columns import Status, Streamed
from api.streaming.errors import TooLong
from api.streaming.leases import INTERRUPTED
from api.streaming.tracks import Stream

BYTES_PER_SECOND = 512_000
"""Most bytes a second that are written and published of one row. Every update contains the whole text, so a fixed
cadence would cost the square of its length. At 1 MB an update comes every two seconds."""

HIGH_SURROGATES = ("\ud800", "\udbff")

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
REPLACEMENT_BYTES = len(REPLACEMENT.encode())


class Draft:
    """The text of a row that is being written. `Writer.stream` makes it.

    `cadence` is in seconds, and `limit` in bytes of all the row's texts together. `now` is the time by the writer's
    clock. `wake` is called when an update may have become due. `resumable` says whether another writer
    can continue the text.
    """

    def __init__(
        self,
        row: Streamed,
        *,
        cadence: float,
        limit: int,
        now: float,
        wake: Callable[[], None],
        resumable: bool = False,
    ) -> None:
        track = type(row).__track__
        assert isinstance(track, Stream)
        self.model = type(row)
        self.id: UUID = row.id
        self.fence: int = row.fence
        self.sequence: int | None = row.sequence
        """Number of the last append of an outside producer that is in the database. None if a worker writes the row."""
        self.values: dict[str, Any] = {}
        self.ending: tuple[Status, str | None, str | None] | None = None
        """The final status, error code and error message, once they are decided."""
        self.to_hand_back = False
        """Whether the writer is to hand the row back, so that another worker may claim it."""
        texts = {name: getattr(row, name) or "" for name in track.texts}
        self.written = any(texts.values())
        """Whether the row has text. `take` does not count: what it returned may not have reached the database."""
        self.done = asyncio.Event()
        """Set when the writer has nothing more to do for the row: it is final, handed back or another writer's."""
        self.producer: asyncio.Task[Any] | None = None
        """The task that appends. None once its block has ended."""
        self.cancelled = False
        """Whether another process decided about the row, so that its producer was cancelled."""
        self.extended_at = now
        """When the lease was extended last, by the writer's clock."""
        self.resumable = resumable
        self._cadence = cadence
        self._limit = limit
        self._wake = wake
        self._first_column = track.texts[0]
        self._pieces: dict[str, list[str]] = {name: [text] if text else [] for name, text in texts.items()}
        self._halves: dict[str, str] = {}
        """High surrogates that wait for their second half, by column."""
        self._bytes = sum(len(text.encode()) for text in texts.values())
        self._stored = {name: len(text) for name, text in texts.items()}
        """How many characters of each text are in the database."""
        self._stored_is_known = True
        """Whether that is certain. It is not after an update whose answer was lost, which may have been committed."""
        self._dirty = False
        self._taken_at: float | None = None

    def append(self, delta: str, to: str | None = None) -> None:
        """Append text to a streamed column, the model's first one by default. Costs no more than the appended text.

        NUL and lone surrogates, which databases refuse, become U+FFFD. Raises TooLong if the texts exceed the limit.
        The text that fits is kept.
        """
        if not delta:
            return
        name = to or self._first_column
        if not delta.isascii() or name in self._halves:
            delta = self._without_lone_surrogates(delta, name)
        if "\0" in delta:
            delta = delta.replace("\0", REPLACEMENT)
        size = len(delta) if delta.isascii() else len(delta.encode())
        if self._bytes + size > self._limit:
            room = delta.encode()[: self._limit - self._bytes].decode(errors="ignore")
            self._add(room, name, len(room.encode()))
            raise TooLong(
                f"The text exceeded {self._limit:,} bytes and was cut off. Ask for a shorter one, or for the rest."
            )
        self._add(delta, name, size)

    def _without_lone_surrogates(self, delta: str, name: str) -> str:
        """Join the two halves of a character that came apart, and replace halves that stand alone."""
        delta = self._halves.pop(name, "") + delta
        if HIGH_SURROGATES[0] <= delta[-1] <= HIGH_SURROGATES[1]:
            self._halves[name], delta = delta[-1], delta[:-1]
        return delta.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _add(self, delta: str, name: str, size: int) -> None:
        if delta:
            self._pieces[name].append(delta)
            self._bytes += size
            if not self._dirty:
                self._dirty = True
                self._wake()

    def set(self, **values: Any) -> None:
        """Set other columns of the row, to be written with the next update.

        Raises TypeError for a name that is not a column of the model, or that the writer sets itself.
        """
        for name in values:
            if name not in self.model.__table__.c or name in self._pieces or hasattr(Streamed, name):
                raise TypeError(f"`{name}` is not a column of {self.model.__name__} that a producer may set.")
        self.values |= values

    def show(self, **values: Any) -> None:
        """Set other columns of the row, and make an update due, although there may be no text yet. Raises TypeError."""
        self.set(**values)
        if not self._dirty:
            self._dirty = True
            self._wake()

    def end(self, status: Status, code: str | None = None, message: str | None = None) -> None:
        """Make the next update the last one, with this status. `code` and `message` say why the row failed."""
        for name in self._halves:
            if self._bytes + REPLACEMENT_BYTES <= self._limit:
                self._add(REPLACEMENT, name, REPLACEMENT_BYTES)
        self._halves.clear()
        self.ending = (status, code, message)
        self._wake()

    def interrupt(self) -> None:
        """Give the row up, as its producer was cancelled. If it has shown no text or is resumable, it is handed back,
        else it fails."""
        if self.ending is not None:
            return
        if self.written and not self.resumable:
            self.end(Status.FAILED, "INTERRUPTED", INTERRUPTED)
        else:
            self.to_hand_back = True
            self._wake()

    def found_written(self) -> None:
        """The row has text after all, so it cannot be handed back."""
        self.to_hand_back, self.written = False, True
        self.interrupt()

    @property
    def room(self) -> int:
        """The bytes that may still be appended."""
        return self._limit - self._bytes

    @property
    def closing(self) -> bool:
        """Whether the producer is gone, and the writer has still to end the row or to hand it back."""
        return self.to_hand_back or self.ending is not None

    def due_at(self) -> float:
        """When the next update is due, by the writer's clock. The first one and the last one are due at once."""
        if self.closing:
            return 0.0
        if not self._dirty:
            return float("inf")
        if self._taken_at is None:
            return 0.0
        return self._taken_at + max(self._cadence, self._bytes / BYTES_PER_SECOND)

    def take(self, now: float) -> dict[str, Any]:
        """The values of the next update by column. What is appended from now on belongs to the update after it."""
        self._dirty = False
        self._taken_at = now
        for pieces in self._pieces.values():
            if len(pieces) > 1:
                pieces[:] = ["".join(pieces)]
        texts = {name: pieces[0] if pieces else None for name, pieces in self._pieces.items()}
        texts[self._first_column] = texts[self._first_column] or ""
        status, code, message = self.ending or (Status.STREAMING, None, None)
        return {
            "id": self.id,
            "fence": self.fence,
            "sequence": self.sequence,
            "after_sequence": self.sequence,
            **texts,
            "status": status,
            "error_code": code,
            "error_message": message,
            **self.values,
        }

    def to_write(self, taken: Mapping[str, Any]) -> dict[str, Any]:
        """What an update writes of these values, which `take` returned.

        `whole` says whether it replaces the texts of the row by these. Otherwise it appends to them.
        """
        if self.ending is not None or not self._stored_is_known:
            return {**taken, "whole": True}
        added = {name: (taken[name] or "")[stored:] for name, stored in self._stored.items()}
        return {**taken, **added, "whole": False}

    def put_back(self, *, lost: bool = False) -> None:
        """Make the update due again, since it was not written. `lost`: or it was, and the answer was lost."""
        self._dirty = True
        if lost:
            self._stored_is_known = False

    def committed(self, values: Mapping[str, Any], now: float) -> None:
        """An update was committed; `values` are the columns of the row."""
        self._stored = {name: len(values[name] or "") for name in self._pieces}
        self._stored_is_known = True
        self.written = self.written or any(self._stored.values())
        self.extended_at = now

    def heartbeat_at(self, pause: float) -> float:
        """When a heartbeat is due, by the writer's clock. `pause` is the time between two."""
        return self.extended_at + pause

    def expires_at(self) -> float:
        """When the writer may forget the draft, by its clock. Never, while a task appends to it."""
        return float("inf")

    def close(self) -> None:
        """The writer has nothing more to do for the row."""
        self.done.set()
