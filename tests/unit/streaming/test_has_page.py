"""Whether clients can follow a model's revision on the sync track: by default it has a page, or another shows it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from api.streaming.columns import Revised, Streamed
from api.streaming.tracks import Stream, Sync, Track, Tracked, Untracked, has_page
from tests.unit.streaming.essays import Essay, Reader, Reading, Remark
from tests.unit.streaming.notes import Keeping, Note, Shelf, tracking_notes


@pytest.fixture(autouse=True)
def _only_notes() -> Iterator[None]:
    with tracking_notes():
        yield


def song(track: Track) -> type[Tracked]:
    """A streamed model that belongs to an album, on this track."""

    class Base(Tracked, DeclarativeBase):
        pass

    class Album(Revised, Base):
        __tablename__ = "albums"
        __track__ = Sync()

    class Song(Streamed, Base):
        __tablename__ = "songs"
        __track__ = track

        text: Mapped[str] = mapped_column(Text, default="")
        album_id: Mapped[UUID] = mapped_column(ForeignKey("albums.id"))
        album: Mapped[Album] = relationship(Album)

    return Song


def streamed(sync: Sync) -> Stream:
    return Stream("text", while_="streaming", otherwise=sync)


@pytest.mark.parametrize(
    ("track", "page"),
    [
        (streamed(Sync()), True),
        (streamed(Sync(touches="album")), False),
        (streamed(Sync(touches="album", page=True)), True),
        (streamed(Sync(page=False)), False),
        (Sync(), True),
        (Sync(touches="album"), True),
        (Sync(page=False), False),
        (Untracked(), False),
    ],
    ids=[
        "streamed",
        "streamed, on an album's page",
        "streamed, on an album's page and its own",
        "streamed, without a page",
        "sync",
        "sync, on an album's page too",
        "sync, without a page",
        "untracked",
    ],
)
def test_a_model_has_a_page_unless_it_streams_on_the_page_of_another_or_says_otherwise(track: Any, page: bool) -> None:
    assert has_page(song(track)) == page


def test_a_streamed_model_that_touches_a_collection_has_a_page_of_its_own() -> None:
    assert has_page(Essay)


def test_a_model_without_a_revision_has_no_page() -> None:
    assert not has_page(Reading)
    assert not has_page(Keeping)


@pytest.mark.parametrize(("model", "page"), [(Shelf, True), (Reader, True), (Note, False), (Remark, False)])
def test_the_models_of_these_tests_have_the_pages_that_they_declare(model: type[Tracked], page: bool) -> None:
    assert has_page(model) == page
