"""A model says on which track its changes travel, in one line; a line that is missing or wrong fails at import."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ForeignKey, Text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from api.streaming.columns import Revised, Status, Streamed
from api.streaming.errors import TrackError
from api.streaming.tracks import Stream, Sync, Tracked, Untracked, in_lock_order, is_streaming, streamed_models, tracked
from tests.unit.streaming.house import House
from tests.unit.streaming.notes import Keeper, Keeping, Note, Shelf, tracking_notes


@pytest.fixture(autouse=True)
def _only_notes() -> Iterator[None]:
    with tracking_notes():
        yield


def fresh_base() -> Any:
    class Base(Tracked, DeclarativeBase):
        pass

    class Library(Revised, Base):
        __tablename__ = "libraries"
        __track__ = Sync()

    return Base


def no_track(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"


def an_inherited_track(base: Any) -> None:
    class Verse:
        __track__ = Sync()

    class Poem(Verse, Revised, base):  # type: ignore[misc]
        __tablename__ = "poems"


def a_track_of_another_kind(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"
        __track__ = "sync"  # type: ignore[assignment]


def touches_what_there_is_not(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"
        __track__ = Sync(touches="library")


def touches_a_column(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"
        __track__ = Sync(touches="library_id")
        library_id: Mapped[UUID] = mapped_column(ForeignKey("libraries.id"))


def touches_a_method(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"
        __track__ = Sync(touches="library")

        def library(self) -> None: ...


def changes_nobody_could_notice(base: Any) -> None:
    class Poem(base):
        __tablename__ = "poems"
        __track__ = Sync()
        id: Mapped[UUID] = mapped_column(primary_key=True)


def an_epoch_that_there_is_not(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"
        __track__ = Sync(epoch="access_epoch")


def the_database_cascades(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"
        __track__ = Sync()
        library_id: Mapped[UUID] = mapped_column(ForeignKey("libraries.id", ondelete="CASCADE"))


def the_database_cascades_an_update(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"
        __track__ = Sync()
        library_id: Mapped[UUID] = mapped_column(ForeignKey("libraries.id", onupdate="SET NULL"))


def streams_nothing(base: Any) -> None:
    class Poem(Streamed, base):
        __tablename__ = "poems"
        __track__ = Stream(while_="streaming", otherwise=Sync())


def streams_what_there_is_not(base: Any) -> None:
    class Poem(Streamed, base):
        __tablename__ = "poems"
        __track__ = Stream("verses", while_="streaming", otherwise=Sync())


def streams_without_a_writer(base: Any) -> None:
    class Poem(Revised, base):
        __tablename__ = "poems"
        __track__ = Stream("verses", while_="streaming", otherwise=Sync())
        verses: Mapped[str] = mapped_column(Text)

        @hybrid_property
        def streaming(self) -> bool:
            return False


def streams_while_nobody_knows(base: Any) -> None:
    class Poem(Streamed, base):
        __tablename__ = "poems"
        __track__ = Stream("verses", while_="rhyming", otherwise=Sync())
        verses: Mapped[str] = mapped_column(Text)


FAULTS: dict[Callable[[Any], None], str] = {
    no_track: r"^Poem declares no track. Add `__track__ = Sync\(…\)`",
    an_inherited_track: "^Poem declares no track",
    a_track_of_another_kind: "^Poem declares no track",
    touches_what_there_is_not: "it touches `library`, which is not a relationship of the model",
    touches_a_column: "it touches `library_id`, which is not a relationship of the model",
    touches_a_method: "it touches `library`, which is not a relationship of the model",
    changes_nobody_could_notice: "there is no `revision` column and it touches nothing",
    an_epoch_that_there_is_not: "its epoch `access_epoch` is not a column of the model",
    the_database_cascades: r"the foreign key on `library_id` lets the database change rows \(ON DELETE CASCADE\)",
    the_database_cascades_an_update: r"`library_id` lets the database change rows \(ON UPDATE SET NULL\)",
    streams_nothing: r'Name the text columns that grow, as in Stream\("content", …\)',
    streams_what_there_is_not: "it streams `verses`, which is not a column of the model",
    streams_without_a_writer: "Inherit from `Streamed`",
    streams_while_nobody_knows: "`rhyming` is not a hybrid property",
}


@pytest.mark.parametrize("declare", FAULTS, ids=lambda declare: declare.__name__)
def test_a_declaration_that_contradicts_itself_fails_at_import(declare: Callable[[Any], None]) -> None:
    with pytest.raises(TrackError, match=FAULTS[declare]) as fault:
        declare(fresh_base())
    assert str(fault.value).startswith("Poem")
    assert "poems" not in tracked


def test_a_sound_declaration_of_each_kind_is_taken() -> None:
    base: Any = fresh_base()

    class Poem(Streamed, base):
        __tablename__ = "poems"
        __track__ = Stream("verses", while_="streaming", otherwise=Sync(touches="library"))
        verses: Mapped[str] = mapped_column(Text)
        library_id: Mapped[UUID] = mapped_column(ForeignKey("libraries.id", ondelete="RESTRICT"))
        library: Mapped[Any] = relationship("Library")

    class Receipt(base):
        __tablename__ = "receipts"
        __track__ = Untracked()
        id: Mapped[UUID] = mapped_column(primary_key=True)
        library_id: Mapped[UUID] = mapped_column(ForeignKey("libraries.id", ondelete="CASCADE"))

    assert "poems" in tracked
    assert "libraries" in tracked
    assert "receipts" not in tracked
    assert streamed_models() == [Note, Poem]


def test_whoever_touches_comes_before_what_it_touches() -> None:
    order = in_lock_order()
    assert set(order) == {Keeper, Keeping, Note, Shelf}
    assert order.index(Note) < order.index(Shelf) < order.index(Keeper)
    assert order.index(Keeping) < order.index(Shelf)


def test_a_row_is_on_the_stream_track_while_its_property_holds() -> None:
    assert is_streaming(Note(status=Status.STREAMING))
    assert not is_streaming(Note(status=Status.COMPLETE))
    assert not is_streaming(Shelf())


def test_what_a_row_was_before_a_change_says_where_the_change_started() -> None:
    stopped = Note(status=Status.STOPPED)
    assert is_streaming(stopped, {"status": Status.STREAMING})
    assert not is_streaming(stopped, {"body": "a"})


async def test_both_tracks_work_for_a_second_streamed_model(here: House) -> None:
    shelf = await here.shelf()
    async with here.watching(shelf) as changes, here.writer() as writer:
        assert (await changes.next()).revision == 1
        note = await here.queued(shelf)
        assert (await changes.next()).revision == 2  # it was made: sync
        async with here.following(note) as frames:
            assert (await frames.next()).body == ""
            async with writer.stream(await here.claimed(note)) as text:
                text.append("Dear ")
                assert (await frames.until(body="Dear ")).streaming
                text.append("diary")
            last = (await frames.rest())[-1]  # it grew and ended: stream
        assert (last.body, last.status) == ("Dear diary", Status.COMPLETE)
        await here.change(note, body="Dear me")
        assert (await changes.next()).revision == 3  # it was edited: sync, the first one since
        await here.delete(note)
        assert (await changes.next()).revision == 4
