"""Drafts of rows whose producers are outside of this process: what was appended by requests and is not yet committed.

Such a draft is a cache. Each request keeps what it appends until it is answered, and any other process may hold appends
to the same row. The database decides which update comes first, by the `sequence` of the row.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from api.streaming import snapshot
from api.streaming.columns import Status, Streamed
from api.streaming.draft import REPLACEMENT, Draft
from api.streaming.errors import TooLong


class OutsideDraft(Draft):
    """Appends to one row that wait for the next update. `Writer.adopt` makes it.

    `updated_seconds_ago` is the age of the row's last update, from whichever process, so that the row keeps to its
    cadence if its requests alternate between processes. The writer forgets the draft after `idle` seconds without an
    append.
    """

    sequence: int

    def __init__(
        self,
        row: Streamed,
        *,
        cadence: float,
        limit: int,
        now: float,
        wake: Callable[[], None],
        updated_seconds_ago: float,
        idle: float,
    ) -> None:
        super().__init__(row, cadence=cadence, limit=limit, now=now, wake=wake)
        self.row = row
        """The row as it was committed last."""
        self.held = self.sequence
        """Number of the last append, committed or not."""
        self._idle = idle
        self._used_at = now
        self._renews = False
        if self.sequence:
            self._taken_at = now - updated_seconds_ago
        self._progress = asyncio.Event()

    def hold(self, sequence: int, texts: Mapping[str, str], values: Mapping[str, Any], now: float) -> None:
        """Append these texts by column, and set these other columns. Without any, the update only renews the lease.

        Raises TooLong if the texts exceed the limit; then nothing is appended.
        """
        size = sum(len(text.replace("\0", REPLACEMENT).encode()) for text in texts.values())
        if size > self.room:
            raise TooLong(f"With this append, the text would exceed {self._limit:,} bytes, so nothing was appended.")
        self.held, self._used_at = sequence, now
        for name, text in texts.items():
            self.append(text, to=name)
        if values:
            self.show(**values)
        elif not any(texts.values()):
            self._renews = True
            self._wake()
        self._notify()

    def finish(self, sequence: int, values: Mapping[str, Any], ending: tuple[Status, str | None, str | None]) -> None:
        """Make the next update the last one, with these other columns, and this status, error code and message."""
        self.held = sequence
        self.set(**values)
        self.end(*ending)
        self._notify()

    @property
    def is_clean(self) -> bool:
        """Whether all that was appended is committed."""
        return self.held == self.sequence and self.ending is None

    def take(self, now: float) -> dict[str, Any]:
        self._renews = False
        return {**super().take(now), "sequence": self.held}

    def take_renewal(self) -> dict[str, Any]:
        """The lease's renewal, as `leases.renew` takes it. Text that was appended waits for the next update."""
        sequence = self.sequence if self._dirty else self.held
        return {"id": self.id, "fence": self.fence, "sequence": sequence, "after_sequence": self.sequence}

    def committed(self, values: Mapping[str, Any], now: float) -> None:
        super().committed(values, now)
        self._accepted(values["sequence"], snapshot.from_values(self.model, values))

    def renewed(self, sequence: int, now: float) -> None:
        """The lease was extended, and the row has this sequence."""
        self._renews = self._renews and self.held > sequence
        self.extended_at = now
        self._accepted(
            sequence, snapshot.from_values(self.model, {**snapshot.values_of(self.row), "sequence": sequence})
        )

    def _accepted(self, sequence: int, row: Streamed) -> None:
        self.sequence, self.row = sequence, row
        self._notify()

    def heartbeat_at(self, pause: float) -> float:
        """Never, unless the producer has sent something that is not committed: it may have died since."""
        if self._dirty:
            return super().heartbeat_at(pause)
        return 0.0 if self._renews else float("inf")

    def expires_at(self) -> float:
        return self._used_at + self._idle if self.is_clean else float("inf")

    def close(self) -> None:
        super().close()
        self._notify()

    async def progress(self, seconds: float) -> None:
        """Wait until something is appended or committed or the draft is closed, at most for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._progress.wait()

    def _notify(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()
