"""A streamed model that is a page of its own and shows on its readers' pages, in the same house as the notes.

essay = await shop.essay()                       # waits for a writer
grown = await shop.grow(essay, "Once upon")      # as its writer would
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Select, String, Text, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from api.streaming import channels, leases
from api.streaming.access import Access, access_rule
from api.streaming.columns import Revised, Streamed, deadline, enqueue
from api.streaming.hub import Hub
from api.streaming.sweep import Sweep
from api.streaming.tracks import Stream, Sync, Tracked, tracked
from tests.unit.streaming.house import LEASE, WAIT, House


class Base(Tracked, DeclarativeBase):
    pass


class Reader(Revised, Base):
    __tablename__ = "readers"
    __track__ = Sync()


class Essay(Streamed, Base):
    __tablename__ = "essays"
    __track__ = Stream("body", while_="streaming", otherwise=Sync(touches="readers", epoch="access_epoch"))

    title: Mapped[str] = mapped_column(String(50), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    access_epoch: Mapped[int] = mapped_column(default=0)
    readers: Mapped[list[Reader]] = relationship(secondary="readings", viewonly=True)


class Reading(Base):
    __tablename__ = "readings"
    __track__ = Sync(touches=("essay", "reader"))

    essay_id: Mapped[UUID] = mapped_column(ForeignKey("essays.id"), primary_key=True)
    reader_id: Mapped[UUID] = mapped_column(ForeignKey("readers.id"), primary_key=True)
    essay: Mapped[Essay] = relationship()
    reader: Mapped[Reader] = relationship()


class Remark(Revised, Base):
    __tablename__ = "remarks"
    __track__ = Sync(touches="essay", page=False)

    essay_id: Mapped[UUID] = mapped_column(ForeignKey("essays.id"))
    essay: Mapped[Essay] = relationship()


ESSAYS = {model.__tablename__: tracked.pop(model.__tablename__) for model in (Reader, Essay, Reading, Remark)}


@contextmanager
def tracking_essays() -> Iterator[None]:
    """Within this, these models are tracked too."""
    tracked.update(ESSAYS)
    try:
        yield
    finally:
        for name in ESSAYS:
            tracked.pop(name, None)


@access_rule(Essay)
def visible_essays(viewer: UUID) -> Select[Essay]:
    return select(Essay).join(Reading, Reading.essay_id == Essay.id).where(Reading.reader_id == viewer)


@access_rule(Reader)
def visible_readers(viewer: UUID) -> Select[Reader]:
    return select(Reader).where(Reader.id == viewer)


@dataclass
class Shop:
    """A house with essays: their access rules decide, and its sweep knows them."""

    here: House
    hub: Hub
    sweep: Sweep

    async def reader(self) -> Reader:
        row = Reader()
        async with self.here.database.transaction() as session:
            session.add(row)
        return row

    async def essay(self, *readers: Reader, streaming: bool = True) -> Essay:
        """One that waits for a writer, or a finished one."""
        row = Essay(title="New")
        if streaming:
            enqueue(row, WAIT)
        async with self.here.database.transaction() as session:
            session.add(row)
            await session.flush()
            session.add_all([Reading(essay_id=row.id, reader_id=reader.id) for reader in readers])
        return await self.fresh(row)

    async def fresh(self, essay: Essay) -> Essay:
        row = await self.here.fresh(essay)
        assert isinstance(row, Essay)
        return row

    async def change(self, essay: Essay, **values: Any) -> Essay:
        await self.here.change(essay, **values)
        return await self.fresh(essay)

    async def start(self, essay: Essay) -> Essay:
        """Let a finished essay be written once more."""
        async with self.here.database.transaction() as session:
            row = await session.get_one(Essay, essay.id)
            row.body = ""
            enqueue(row, WAIT)
        return await self.fresh(essay)

    async def delete(self, essay: Essay) -> None:
        """Delete it, for its readers too."""
        async with self.here.database.transaction() as session:
            readings = await session.scalars(select(Reading).where(Reading.essay_id == essay.id))
            for row in [*readings, await session.get_one(Essay, essay.id)]:
                await session.delete(row)
        await self.here.publisher.drained()

    async def remark(self, essay: Essay) -> None:
        async with self.here.database.transaction() as session:
            session.add(Remark(essay_id=essay.id))

    async def write(self, essay: Essay, *pieces: str) -> Essay:
        """Write all of it, each piece in a flush of its own."""
        rows = await self.here.database.write(leases.claim(Essay, uuid4(), limit=100, lease=LEASE))
        claimed = next(Essay(**row._mapping) for row in rows if row.id == essay.id)
        async with self.here.writer() as writer, writer.stream(claimed) as text:
            for piece in pieces:
                text.append(piece)
                await writer.tick()
        return await self.fresh(essay)

    async def let_lease_run_out(self, essay: Essay) -> None:
        expired = update(Essay).where(Essay.id == essay.id).values(lease=deadline(-1)).returning(Essay.id)
        assert await self.here.database.write(expired)

    async def announced(self) -> list[tuple[str, str]]:
        """What was published since the last time."""
        await self.here.publisher.drained()
        sent, self.here.wire.sent = self.here.wire.sent, []
        return sent


def page(essay: Essay) -> str:
    """The channel of the essay's page."""
    return channels.sync("essays", essay.id)


def stream(essay: Essay) -> str:
    """The channel of the essay's stream."""
    return channels.stream("essays", essay.id)


def page_of(reader: Reader) -> str:
    return channels.sync("readers", reader.id)


@asynccontextmanager
async def shop(here: House) -> AsyncIterator[Shop]:
    """Essays in this house."""
    with tracking_essays():
        async with here.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with Hub(here.bus, Access(here.database)) as hub:
            yield Shop(here, hub, Sweep(here.database, hub, here.publisher, [Essay], patience=3_600, wait=WAIT))
