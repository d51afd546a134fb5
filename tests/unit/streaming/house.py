"""One process over a database and a bus, with notes and without an application around them.

async with house(backend.database_url, backend.broadcast_url) as here:
    note = await here.queued(await here.shelf())
    async with here.following(note) as frames:
        async with here.writer() as writer, writer.stream(await here.claimed(note)) as text:
            text.append("Hi")
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import select, update

from api.database import Database
from api.streaming import channels, leases, snapshot
from api.streaming.access import AccessGrant, Key, RevisedModel
from api.streaming.bus import Bus
from api.streaming.columns import Revised, Status, deadline, enqueue
from api.streaming.hub import Hub
from api.streaming.publisher import Publisher
from api.streaming.sweep import Sweep
from api.streaming.tracks import tracked
from api.streaming.writer import Writer
from tests.support.until import PATIENCE_SECONDS
from tests.unit.streaming.notes import Base, Clock, Keeper, Keeping, Note, Shelf

LEASE, WAIT, LIMIT = 15.0, 60.0, 10_000


OTHERS = dict(tracked)
"""The models of other modules, of which one may have a table with the same name."""

Row = TypeVar("Row", bound=Revised)


class Doors:
    """Who may see what: everybody everything, but for those who are kept `out`. Counts how often it was asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.out: set[UUID | None] = set()
        self.asked = 0
        self.open = asyncio.Event()
        """Until this is set, what was read does not reach whoever asked."""
        self.open.set()

    async def row(self, model: RevisedModel, key: UUID, viewer: UUID | None) -> AccessGrant | None:
        self.asked += 1
        found = select(*model.__table__.c, Shelf.access_epoch).join(Shelf).where(model.id == key)
        rows, out = await self._database.read(found), viewer in self.out
        await self.open.wait()
        for row in rows:
            values = dict(row._mapping)
            epoch = values.pop("access_epoch")
            return None if out else AccessGrant(row.revision, row.shelf_id, epoch, model(**values))
        return None

    async def revisions(self, keys: Sequence[Key], viewer: UUID | None) -> dict[Key, AccessGrant]:
        self.asked += 1
        found = select(Shelf.id, Shelf.revision, Shelf.access_epoch).where(Shelf.id.in_([key for _, key in keys]))
        rows, out = await self._database.read(found), viewer in self.out
        await self.open.wait()
        return {(Shelf, row.id): AccessGrant(row.revision, row.id, row.access_epoch) for row in rows if not out}


@dataclass
class Wire:
    """What lies between the publisher and the bus; a test may cut it."""

    bus: Bus
    cut: bool = False
    sent: list[tuple[str, str]] = field(default_factory=list)

    async def publish(self, messages: Iterable[tuple[str, str]]) -> None:
        taken = list(messages)
        self.sent += taken
        if not self.cut:
            await self.bus.publish_all(taken)

    def sent_on(self, channel: str) -> list[str]:
        """What was published on the channels that start so."""
        return [message for name, message in self.sent if name.startswith(channel)]


@dataclass
class House:
    """All parts of one process, without an application around them. Nothing sweeps but `sweep.once()`."""

    database: Database
    bus: Bus
    wire: Wire
    publisher: Publisher
    doors: Doors
    hub: Hub
    sweep: Sweep

    async def shelf(self, *keepers: Keeper) -> Shelf:
        row = Shelf(label="new")
        async with self.database.transaction() as session:
            session.add(row)
            await session.flush()
            session.add_all([Keeping(shelf_id=row.id, keeper_id=keeper.id) for keeper in keepers])
        return row

    async def keeper(self) -> Keeper:
        row = Keeper()
        async with self.database.transaction() as session:
            session.add(row)
        return row

    async def note(self, shelf: Shelf, body: str = "") -> Note:
        """A finished one."""
        row = Note(shelf_id=shelf.id, body=body)
        async with self.database.transaction() as session:
            session.add(row)
        return row

    async def queued(self, shelf: Shelf) -> Note:
        """One that waits for a writer."""
        row = Note(shelf_id=shelf.id)
        enqueue(row, WAIT)
        async with self.database.transaction() as session:
            session.add(row)
        return await self.fresh(row)

    async def claimed(self, note: Note, writer: UUID | None = None) -> Note:
        """The waiting note, with a writer's right to it."""
        rows = await self.database.write(leases.claim(Note, writer or uuid4(), limit=100, lease=LEASE))
        return next(Note(**row._mapping) for row in rows if row.id == note.id)

    async def started(self, shelf: Shelf | None = None) -> Note:
        """A note that is waiting to be written by whoever gets it here."""
        return await self.claimed(await self.queued(shelf or await self.shelf()))

    async def abandoned(self, text: str, note: Note | None = None) -> Note:
        """A note of which so much was written by somebody who then died."""
        note, writer = note or await self.started(), self.writer()
        began = asyncio.Event()

        async def write() -> None:
            async with writer.stream(note) as draft:
                draft.append(text)
                began.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(write())
        await began.wait()
        await writer.tick()
        task.cancel()
        await asyncio.wait((task,))
        return await self.fresh(note)

    async def fresh(self, row: Row) -> Row:
        """The row as the database has it now."""
        async with self.database.reading() as session:
            return await session.get_one(type(row), row.id)

    async def exists(self, row: Revised) -> bool:
        async with self.database.reading() as session:
            return await session.get(type(row), row.id) is not None

    async def change(self, row: Row, **values: Any) -> Row:
        """Change a row as a mutation would, and wait until that is published."""
        async with self.database.transaction() as session:
            here = await session.get_one(type(row), row.id, with_for_update=True)
            for name, value in values.items():
                setattr(here, name, value)
        await self.publisher.drained()
        return here

    async def stop(self, note: Note) -> Note:
        return await self.change(note, status=Status.STOPPED)

    async def delete(self, row: Any) -> None:
        async with self.database.transaction() as session:
            await session.delete(await session.get_one(type(row), row.id))
        await self.publisher.drained()

    async def requeue(self, note: Note) -> Note:
        """Let a finished note be written once more."""
        async with self.database.transaction() as session:
            here = await session.get_one(Note, note.id)
            here.body = ""
            enqueue(here, WAIT)
        await self.publisher.drained()
        return await self.fresh(note)

    async def grow(self, note: Note, body: str) -> Note:
        """An update of a note that streams, as its writer would make it, and wait until that is published."""
        values = {"body": body, "revision": Note.revision + 1}
        grown = update(Note).where(Note.id == note.id).values(values).returning(Note.__table__)
        (row,) = await self.database.write(grown)
        self.publisher.publish(
            channels.stream("notes", note.id), snapshot.encode(dict(row._mapping)), revision=row.revision
        )
        await self.publisher.drained()
        return await self.fresh(note)

    async def shut_out(self, viewer: UUID, shelf: Shelf) -> None:
        """Take somebody's access to a shelf."""
        self.doors.out.add(viewer)
        row = await self.fresh(shelf)
        await self.change(shelf, access_epoch=row.access_epoch + 1)

    async def let_lease_run_out(self, note: Note) -> None:
        expired = update(Note).where(Note.id == note.id).values(lease=deadline(-1)).returning(Note.id)
        assert await self.database.write(expired)

    def writer(self, *, cadence: float = 0.0, clock: Clock | None = None, limit: int = LIMIT) -> Writer:
        """A writer that is not open: it ticks when the test says so, or once the test opens it."""
        return Writer(
            self.database,
            self.publisher,
            cadence=cadence,
            lease=LEASE,
            wait=WAIT,
            limit=limit,
            clock=clock or time.monotonic,
        )

    @asynccontextmanager
    async def following(self, note: Note, viewer: UUID | None = None) -> AsyncIterator["Frames"]:
        async with self.hub.follow(Note, note.id, viewer) as snapshots:
            yield Frames(snapshots)

    @asynccontextmanager
    async def watching(self, *rows: Any, viewer: UUID | None = None) -> AsyncIterator["Frames"]:
        """The sync track of these rows."""
        async with self.hub.changes([(type(row), row.id) for row in rows], viewer) as changes:
            yield Frames(changes)


class Frames:
    """What a reader gets, one after the other; asking is bounded in time."""

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self._source = source

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await anext(self._source)

    async def rest(self) -> list[Any]:
        """All that come until the end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [frame async for frame in self._source]

    async def until(self, **wanted: Any) -> Any:
        """The first that has these values."""
        while True:
            frame = await self.next()
            if all(getattr(frame, name) == value for name, value in wanted.items()):
                return frame


@asynccontextmanager
async def house(database_url: str, broadcast_url: str, *, make_tables: bool = True) -> AsyncIterator[House]:
    """One process over this database and bus."""
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(Bus(broadcast_url))
        wire = Wire(bus)
        publisher = Publisher(wire.publish)
        database = Database(database_url, publisher)
        stack.push_async_callback(database.aclose)
        if make_tables:
            async with database.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
        await stack.enter_async_context(publisher)
        doors = Doors(database)
        hub = await stack.enter_async_context(Hub(bus, doors))
        sweep = Sweep(database, hub, publisher, [Note], patience=3600, wait=WAIT)
        yield House(database, bus, wire, publisher, doors, hub, sweep)
