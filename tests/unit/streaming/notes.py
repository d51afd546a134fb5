"""A second product for the tests of the mechanism: shelves, their keepers, and notes that are streamed. No chat."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from api.streaming.columns import Revised, Streamed
from api.streaming.tracks import Stream, Sync, Tracked, tracked

OTHERS = dict(tracked)
"""The models of other modules, of which one may have a table with the same name."""


class Base(Tracked, DeclarativeBase):
    """Tables of their own, which the application's migrations do not know."""


class Keeper(Revised, Base):
    __tablename__ = "keepers"
    __track__ = Sync()


class Shelf(Revised, Base):
    __tablename__ = "shelves"
    __track__ = Sync(touches="keepers", epoch="access_epoch")

    label: Mapped[str] = mapped_column(String(20), default="")
    access_epoch: Mapped[int] = mapped_column(default=0)
    keepers: Mapped[list[Keeper]] = relationship(secondary="keepings", viewonly=True)


class Keeping(Base):
    __tablename__ = "keepings"
    __track__ = Sync(touches=("shelf", "keeper"))

    shelf_id: Mapped[UUID] = mapped_column(ForeignKey("shelves.id"), primary_key=True)
    keeper_id: Mapped[UUID] = mapped_column(ForeignKey("keepers.id"), primary_key=True)
    shelf: Mapped[Shelf] = relationship()
    keeper: Mapped[Keeper] = relationship()


class Note(Streamed, Base):
    __tablename__ = "notes"
    __track__ = Stream("body", while_="streaming", otherwise=Sync(touches="shelf"))

    shelf_id: Mapped[UUID] = mapped_column(ForeignKey("shelves.id"))
    body: Mapped[str] = mapped_column(Text, default="")
    ink: Mapped[str | None] = mapped_column(String(10))
    shelf: Mapped[Shelf] = relationship()


NOTES = {model.__tablename__: tracked.pop(model.__tablename__) for model in (Keeper, Shelf, Keeping, Note)}
tracked.update(OTHERS)


@contextmanager
def tracking_notes() -> Iterator[None]:
    """Within this, these are the tracked models, and the application's are not."""
    others = dict(tracked)
    tracked.clear()
    tracked.update(NOTES)
    try:
        yield
    finally:
        tracked.clear()
        tracked.update(others)


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds
