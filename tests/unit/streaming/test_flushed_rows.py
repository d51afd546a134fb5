"""Every row that a flush writes is announced, those too that no list of the session has; else it raises."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from api.streaming import channels
from api.streaming.columns import Revised
from api.streaming.errors import UnseenChange
from api.streaming.snapshot import DELETED_MESSAGE
from api.streaming.tracks import Sync, Tracked, tracked
from tests.unit.streaming.house import House


class Base(Tracked, DeclarativeBase):
    pass


class Crate(Revised, Base):
    __tablename__ = "crates"
    __track__ = Sync()

    owned: Mapped[list["Apple"]] = relationship(cascade="all, delete-orphan", back_populates="crate")
    lent: Mapped[list["Book"]] = relationship(back_populates="crate")
    labels: Mapped[list["Label"]] = relationship(secondary="labellings")


class Apple(Revised, Base):
    __tablename__ = "apples"
    __track__ = Sync(touches="crate")

    crate_id: Mapped[UUID] = mapped_column(ForeignKey("crates.id"))
    crate: Mapped[Crate] = relationship(back_populates="owned")


class Book(Revised, Base):
    __tablename__ = "books"
    __track__ = Sync(touches="crate")

    crate_id: Mapped[UUID | None] = mapped_column(ForeignKey("crates.id"))
    crate: Mapped[Crate | None] = relationship(back_populates="lent")


class Label(Revised, Base):
    __tablename__ = "labels"
    __track__ = Sync()

    text: Mapped[str] = mapped_column(String(10), default="")


class Labelling(Base):
    __tablename__ = "labellings"
    __track__ = Sync(touches="crate")

    crate_id: Mapped[UUID] = mapped_column(ForeignKey("crates.id"), primary_key=True)
    label_id: Mapped[UUID] = mapped_column(ForeignKey("labels.id"), primary_key=True)
    crate: Mapped[Crate] = relationship(viewonly=True)


CRATES = {model.__tablename__: tracked.pop(model.__tablename__) for model in (Crate, Apple, Book, Label, Labelling)}


@pytest_asyncio.fixture
async def store(here: House) -> AsyncIterator[House]:
    """The same house, with crates."""
    tracked.update(CRATES)
    async with here.database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield here


async def make(store: House) -> tuple[Crate, Apple, Book]:
    crate = Crate(owned=[Apple()], lent=[Book()])
    async with store.database.transaction() as session:
        session.add(crate)
    await store.publisher.drained()
    store.wire.sent.clear()
    return crate, crate.owned[0], crate.lent[0]


async def announced(store: House) -> set[tuple[str, str]]:
    await store.publisher.drained()
    return set(store.wire.sent)


async def test_an_orphan_is_announced_as_deleted(store: House) -> None:
    crate, apple, _ = await make(store)
    async with store.database.transaction() as session:
        here = await session.get_one(Crate, crate.id)
        await session.run_sync(lambda _: here.owned.clear())
    assert await announced(store) == {
        (channels.sync("apples", apple.id), DELETED_MESSAGE),
        (channels.sync("crates", crate.id), "2"),
    }


async def test_a_key_that_the_flush_sets_to_null_is_announced_as_a_change(store: House) -> None:
    crate, apple, book = await make(store)
    async with store.database.transaction() as session:
        await session.delete(await session.get_one(Crate, crate.id))
    assert await announced(store) == {
        (channels.sync("apples", apple.id), DELETED_MESSAGE),
        (channels.sync("books", book.id), "2"),
        (channels.sync("crates", crate.id), DELETED_MESSAGE),
    }


async def test_a_row_that_only_gained_a_child_is_changed_by_what_the_child_touches_alone(store: House) -> None:
    crate, _, _ = await make(store)
    gained = Apple()
    async with store.database.transaction() as session:
        here = await session.get_one(Crate, crate.id)
        await session.run_sync(lambda _: here.owned.append(gained))
    assert await announced(store) == {
        (channels.sync("apples", gained.id), "1"),
        (channels.sync("crates", crate.id), "2"),
    }


async def test_a_row_that_the_flush_writes_for_a_relationship_behind_its_models_back_raises(store: House) -> None:
    crate, _, _ = await make(store)
    with pytest.raises(UnseenChange, match="`labellings`"):
        async with store.database.transaction() as session:
            here = await session.get_one(Crate, crate.id)
            await session.run_sync(lambda _: here.labels.append(Label()))
    assert await announced(store) == set()
