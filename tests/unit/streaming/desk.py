"""A writer that ticks when the test says so, on a line that breaks when the test says so.

hand = await desk.hand()
hand.text.append("a")
await desk.tick()
assert (await desk.row(hand.note)).body == "a"
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.exc import OperationalError

from api.streaming import snapshot
from api.streaming.draft import Draft
from api.streaming.writer import HEARTBEATS_PER_LEASE, Writer
from tests.support.until import PATIENCE_SECONDS
from tests.unit.streaming.house import LEASE, LIMIT, WAIT, House
from tests.unit.streaming.notes import Clock, Note

CADENCE = 0.35

HEARTBEAT = LEASE / HEARTBEATS_PER_LEASE


class Line:
    """The way to the database, which can break before a statement arrives or before its answer does."""

    def __init__(self, here: House) -> None:
        self._database = here.database
        self.dialect = here.database.dialect
        self.written = 0
        self.breaks = False
        self.loses_answers = False
        self.takes_no_text = False

    async def read(self, statement: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        return await self._database.read(statement, parameters)

    async def write(self, *statements: Any, **parameters: Any) -> Sequence[Row[Any]]:
        if self.breaks:
            raise ConnectionError("the database is away")
        written = [str(statement.compile(dialect=self._database.engine.dialect)) for statement in statements]
        if self.takes_no_text and any("body" in statement for statement in written):
            raise OperationalError("UPDATE", {}, Exception("database or disk is full"))
        self.written += 1
        rows = await self._database.write(*statements, **parameters)
        if self.loses_answers:
            raise ConnectionError("the answer was lost")
        return rows


class Hand:
    """Whoever writes a note, as the test says."""

    def __init__(self, desk: "Desk", note: Note) -> None:
        self._desk = desk
        self.left = asyncio.Event()
        self._error: Exception | None = None
        self._began = asyncio.Event()
        self.note = note
        self.text: Draft
        self.task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        async with self._desk.writer.stream(self.note) as self.text:
            self._began.set()
            await self.left.wait()
            if self._error is not None:
                raise self._error

    async def begin(self) -> None:
        await self._began.wait()

    async def leave(self, error: Exception | None = None) -> Note:
        """Leave the block, with this error if there is one; the row as it is then."""
        self._error = error
        self.left.set()
        return await self.end()

    async def cancel(self) -> Note:
        """Be cancelled, as by a process that ends; the row once the writer has seen to it."""
        self.task.cancel()
        await asyncio.wait((self.task,))
        await self._desk.tick()
        return await self._desk.row(self.note)

    async def end(self) -> Note:
        """Tick until the block is left; the row as it is then."""
        await self.over()
        return await self._desk.row(self.note)

    async def over(self) -> None:
        """The same for a row that may be deleted by then."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.task.done():
                await self._desk.tick()
                await asyncio.sleep(0)
        await self.task


class Desk:
    """A writer, its line, and whoever writes with it."""

    def __init__(self, here: House) -> None:
        self.here = here
        self.clock = Clock()
        self.line = Line(here)
        self.writer = Writer(
            self.line, here.publisher, cadence=CADENCE, lease=LEASE, wait=WAIT, limit=LIMIT, clock=self.clock
        )
        self.hands: list[Hand] = []

    async def hand(self, note: Note | None = None) -> Hand:
        hand = Hand(self, note or await self.here.started())
        self.hands.append(hand)
        await hand.begin()
        return hand

    async def tick(self) -> int:
        """How many statements it took."""
        before = self.line.written
        await self.writer.tick()
        return self.line.written - before

    async def row(self, note: Note) -> Note:
        row: Note = await self.here.fresh(note)
        return row

    async def announced(self) -> list[Note]:
        """All that was published on streams so far."""
        await self.here.publisher.drained()
        return [snapshot.decode(Note, message) for message in self.here.wire.sent_on("stream:")]
