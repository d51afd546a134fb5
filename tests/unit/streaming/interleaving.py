"""The world in which interleavings happen: two writers, one hub, one sweep, a table and a bus that tests control."""

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from sqlalchemy import Row

from api.streaming.bus import Bus
from api.streaming.columns import Status
from api.streaming.hub import Hub
from api.streaming.publisher import Publisher
from api.streaming.session import TrackedSession
from api.streaming.sweep import Sweep
from tests.unit.streaming.cast import WAIT, Follower, Hand, Process, Table, Watcher
from tests.unit.streaming.house import Doors
from tests.unit.streaming.notes import Clock, Note, Shelf, tracking_notes


class World(RuleBasedStateMachine):
    """Opens and closes everything, and checks at the end what every reader saw."""

    @initialize()
    def open(self) -> None:
        self.tracking = tracking_notes()
        self.tracking.__enter__()
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.run(self._open())

    async def _open(self) -> None:
        self.table = Table(self.clock)
        self.bus = await Bus("memory://").__aenter__()
        self.in_flight: list[tuple[str, str]] = []
        self.publisher = await Publisher(self._publish).__aenter__()
        self.doors = Doors(self.table)  # type: ignore[arg-type]
        self.hub = await Hub(self.bus, self.doors).__aenter__()
        self.sweep = Sweep(self.table, self.hub, self.publisher, [Note], patience=3600, wait=WAIT)
        self.processes = [Process(self.table, self.publisher, self.clock) for _ in range(2)]
        self.followers: list[Follower] = []
        self.shelf = Shelf()
        with self.table.transaction(self.publisher) as session:
            session.add(self.shelf)
        self.on_sync = 1
        self.watcher = Watcher()
        self.watcher.begin(self.hub, self.shelf.id)
        await asyncio.sleep(0)
        self.channels = self.bus.channels

    async def _publish(self, messages: Any) -> None:
        self.in_flight += messages

    async def still(self) -> None:
        """Let everything happen that can."""
        for _ in range(30):
            await asyncio.sleep(0)

    def run(self, work: Any = None) -> Any:
        """Do this, and whatever follows from it."""

        async def then() -> Any:
            result = await work if work is not None else None
            await self.still()
            return result

        return self.runner.run(then())

    def notes(self, *, streaming: bool) -> list[Row[Any]]:
        return [row for row in self.table.notes.values() if (row.status == Status.STREAMING) == streaming]

    @property
    def hands(self) -> list[Hand]:
        return [hand for process in self.processes for hand in process.hands if hand.writing]

    def mutate(self, choice: int, change: Callable[[TrackedSession, Note], object], *, streaming: bool) -> None:
        """Change one of the notes that are streaming, or of those that are not."""
        notes = self.notes(streaming=streaming)
        row = notes[choice % len(notes)]

        async def commit() -> None:
            with self.table.transaction(self.publisher) as session:
                change(session, session.get_one(Note, row.id))
            self.table.record(anew=row.id)

        self.run(commit())

    def teardown(self) -> None:
        try:
            self.run(self._end())
            self.run(self._close())
        finally:
            self.runner.close()
            self.table.engine.dispose()
            self.tracking.__exit__(None, None, None)

    async def _end(self) -> None:
        """All that was lost stays lost; then everything works again, and nobody does anything any more."""
        self.in_flight.clear()
        self.doors.open.set()
        for follower in self.followers:
            follower.reads.set()
        await self.still()
        await self.sweep.once()
        await self.still()
        assert all(follower.ended for follower in self.followers if follower.viewer in self.doors.out)
        writing = {(hand.note.id, hand.note.fence) for hand in self.hands}
        rightful = {row.id for row in self.notes(streaming=True) if (row.id, row.fence) in writing}
        for process in self.processes:
            process.line.mend()
            for hand in process.hands:
                hand.leave()
        for _ in range(4):
            await self.tick_all()
            await self.still()
        for process in self.processes:
            assert all(hand.task.done() for hand in process.hands)
            assert not process.writer._drafts
        rows = self.table.notes
        assert all(rows[key].status == Status.COMPLETE for key in rightful)
        for _ in range(2):  # what waits is not taken, and what was restarted is not taken either
            self.clock.pass_(WAIT + 1)
            await self.sweep.once()
            self.in_flight.clear()
        await self.still()
        self.the_table_is_sound()
        rows = self.table.notes
        assert all(row.status != Status.STREAMING for row in rows.values())
        for follower in self.followers:
            row = rows.get(follower.note)
            assert follower.ended
            if follower.ended == "not found":
                assert row is None or follower.viewer in self.doors.out
            elif row is not None and follower.frames[-1][0] >= row.revision:
                assert follower.frames[-1] == (row.revision, row.status, row.body)
        assert self.watcher.revisions[-1] == self.on_sync

    async def _close(self) -> None:
        for follower in self.followers:
            follower.task.cancel()
        self.watcher.task.cancel()
        await self.still()
        assert self.hub.topics == []
        assert self.bus.channels == 1  # access alone
        await self.hub.__aexit__(None, None, None)
        await self.publisher.__aexit__(None, None, None)
        await self.bus.disconnect()

    async def tick_all(self) -> None:
        for process in self.processes:
            process.tick()

    @invariant()
    def the_table_is_sound(self) -> None:
        assert self.table.faults == []
