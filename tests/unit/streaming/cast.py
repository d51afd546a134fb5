"""Who plays in the interleavings: a table, writers with a line each, readers. All do what the machine says, and when.

All of it is the real code but for the clocks, and a database without a thread.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Executable, Row, StaticPool, create_engine, event, select

from api.streaming.columns import Status
from api.streaming.draft import Draft
from api.streaming.errors import Gone
from api.streaming.guard import ANNOUNCED, refuse_unseen_changes
from api.streaming.hub import Hub
from api.streaming.publisher import Publisher
from api.streaming.session import TrackedSession
from api.streaming.writer import Writer
from tests.unit.streaming.notes import Base, Clock, Note, Shelf

CADENCE, LEASE, WAIT = 1.0, 15.0, 60.0

AUTHOR = re.compile(r"<(\d+)>")
"""In a text: the fence under which this piece was written."""


class Table:
    """The database: real SQLite and real statements, run at once, by a clock that the test turns."""

    dialect = "sqlite"

    def __init__(self, clock: Clock) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool)

        @event.listens_for(self.engine, "connect")
        def turn(connection: Any, _: Any) -> None:
            connection.create_function("julianday", 1, lambda _: 2440587.5 + clock() / 86_400)

        refuse_unseen_changes(self.engine)
        Base.metadata.create_all(self.engine)
        self.history: dict[UUID, dict[int, tuple[Status, str]]] = {}
        self.fences: dict[UUID, int] = {}
        self.notes: dict[UUID, Row[Any]] = {}
        self.faults: list[str] = []

    async def read(self, statement: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        with self.engine.connect() as connection:
            return connection.execute(statement).all()

    async def write(self, *statements: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        with self.engine.begin() as connection:
            for statement in statements:
                result = connection.execute(statement, parameters, execution_options={ANNOUNCED: True})
            rows = result.all() if result.returns_rows else []
        self.record()
        return rows

    @contextmanager
    def transaction(self, publisher: Publisher) -> Iterator[TrackedSession]:
        with TrackedSession(self.engine, expire_on_commit=False, info={"publisher": publisher}) as session:
            yield session
            session.commit()

    def record(self, *, anew: UUID | None = None) -> None:
        """Keep what each revision was. What is final changes only where somebody asked for that (`anew`)."""
        with self.engine.connect() as connection:
            self.notes = {row.id: row for row in connection.execute(select(Note.__table__))}
        for key, row in self.notes.items():
            self._check(row, self.history.setdefault(key, {}), asked=key == anew)

    def _check(self, row: Row[Any], known: dict[int, tuple[Status, str]], *, asked: bool) -> None:
        """Faults are kept and not raised: whoever writes may be a task whose errors are part of the play."""
        newest = max(known, default=row.revision)
        was, now = known.get(newest, (row.status, row.body)), (row.status, row.body)
        fence, self.fences[row.id] = self.fences.get(row.id, 0), row.fence
        authors = set(map(int, AUTHOR.findall(row.body)))
        known.setdefault(row.revision, now)
        # Settling raises the fence of a row and leaves the name of the writer that died.
        was_settled = row.status == Status.FAILED and row.error_code == "INTERRUPTED" and authors == {row.fence - 1}
        written_by = row.fence - 1 if was_settled else row.fence
        faults = {
            "a revision fell": row.revision < newest,
            "a fence fell": row.fence < fence,
            "a revision stood for two states": known[row.revision] != now,
            "what was final changed": was != now and was[0] != Status.STREAMING and not asked,
            "two writers wrote one text": len(authors) > 1,
            "a writer wrote without the fence": authors and row.writer is not None and authors != {written_by},
        }
        self.faults += [fault for fault, found in faults.items() if found]


class Line:
    """One writer's way to the database. It freezes or breaks before a statement arrives, or before its answer does."""

    dialect = "sqlite"

    def __init__(self, table: Table) -> None:
        self._table = table
        self.there, self.back = asyncio.Event(), asyncio.Event()
        self.mend()

    def mend(self) -> None:
        self.broken = self.loses_answers = False
        self.there.set()
        self.back.set()

    async def read(self, statement: Executable, parameters: Any = None) -> Sequence[Row[Any]]:
        if self.broken:
            raise ConnectionError
        return await self._table.read(statement)

    async def write(self, *statements: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        await self.there.wait()
        if self.broken:
            raise ConnectionError
        rows = await self._table.write(*statements, **parameters)
        await self.back.wait()
        if self.loses_answers:
            raise ConnectionError
        return rows


class Hand:
    """Whoever writes a note, as the machine says."""

    def __init__(self, writer: Writer, note: Note) -> None:
        self.note = note
        self.text: Draft | None = None
        self._error: Exception | None = None
        self._left = asyncio.Event()
        self.task = asyncio.create_task(self._write(writer))

    async def _write(self, writer: Writer) -> None:
        async with writer.stream(self.note) as self.text:
            await self._left.wait()
            if self._error is not None:
                raise self._error

    def leave(self, error: Exception | None = None) -> None:
        self._error = error
        self._left.set()

    @property
    def writing(self) -> bool:
        return not self._left.is_set() and not self.task.done()


class Process:
    """A writer of its own, which ticks when the machine says so, one tick at a time."""

    def __init__(self, table: Table, publisher: Publisher, clock: Clock) -> None:
        self.id = uuid4()
        self.line = Line(table)
        self.writer = Writer(self.line, publisher, cadence=CADENCE, lease=LEASE, wait=WAIT, limit=1_000, clock=clock)
        self.hands: list[Hand] = []
        self._ticking: asyncio.Task[None] | None = None

    def tick(self) -> None:
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        with suppress(ConnectionError):
            await self.writer.tick()


@dataclass
class Follower:
    """A reader of a note, and all that it was shown."""

    note: UUID
    viewer: UUID
    frames: list[tuple[int, Status, str]] = field(default_factory=list)
    ended: str = ""
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] = field(init=False)

    def begin(self, hub: Hub) -> None:
        self.reads.set()
        self.task = asyncio.create_task(self._follow(hub))

    async def _follow(self, hub: Hub) -> None:
        try:
            async with hub.follow(Note, self.note, self.viewer) as snapshots:
                async for row in snapshots:
                    self.frames.append((row.revision, row.status, row.body))
                    await self.reads.wait()
            self.ended = "complete"
        except Gone:
            self.ended = "not found"


@dataclass
class Watcher:
    """A reader of the shelf's revisions."""

    revisions: list[int] = field(default_factory=list)
    task: asyncio.Task[None] = field(init=False)

    def begin(self, hub: Hub, shelf: UUID) -> None:
        self.task = asyncio.create_task(self._watch(hub, shelf))

    async def _watch(self, hub: Hub, shelf: UUID) -> None:
        async with hub.changes([(Shelf, shelf)], None) as changes:
            async for change in changes:
                self.revisions.append(change.revision)
