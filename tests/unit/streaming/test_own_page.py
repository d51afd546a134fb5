"""A streamed row that is a page of its own is on the sync track, except while it streams: never on both.

`Stream(…, otherwise=Sync())`. Creating, renaming, starting and deleting it announces its revision on its page. While it
streams, its page gets nothing, neither by the bus nor by the sweep, and nothing for the final update.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from api.streaming import channels, snapshot
from api.streaming.columns import Status
from api.streaming.sync_subscriber import Change
from tests.unit.streaming.essays import Essay, Reader, Shop, page, page_of, shop, stream
from tests.unit.streaming.house import Frames, House

WORK = (channels.work("essays"), "")


@pytest_asyncio.fixture
async def essays(here: House) -> AsyncIterator[Shop]:
    async with shop(here) as essays:
        yield essays


@asynccontextmanager
async def following_the_page(essays: Shop, essay: Essay, reader: Reader) -> AsyncIterator[Frames]:
    async with essays.hub.changes([(Essay, essay.id)], reader.id) as changes:
        frames = Frames(changes)
        assert (await frames.next()).revision == (await essays.fresh(essay)).revision
        yield frames


# What is announced


async def test_its_creation_is_announced_on_its_page_and_calls_for_a_writer(essays: Shop) -> None:
    essay = await essays.essay()
    assert await essays.announced() == [(page(essay), "1"), WORK]


async def test_the_creation_of_a_finished_one_is_announced_on_its_page(essays: Shop) -> None:
    essay = await essays.essay(streaming=False)
    assert await essays.announced() == [(page(essay), "1")]


async def test_renaming_a_finished_one_is_announced_on_its_page_and_its_readers(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader, streaming=False)
    await essays.announced()
    renamed = await essays.change(essay, title="Renamed")
    assert await essays.announced() == [(page(essay), str(renamed.revision)), (page_of(reader), "3")]


async def test_its_start_is_announced_on_its_page_and_calls_for_a_writer(essays: Shop) -> None:
    essay = await essays.essay(streaming=False)
    await essays.announced()
    await essays.start(essay)
    assert await essays.announced() == [(page(essay), "2"), WORK]


@pytest.mark.parametrize("streaming", [True, False])
async def test_its_deletion_is_announced_on_its_page_and_on_its_stream_if_it_streamed(
    essays: Shop, streaming: bool
) -> None:
    essay = await essays.essay(streaming=streaming)
    await essays.announced()
    await essays.delete(essay)
    gone = [(stream(essay), snapshot.DELETED_MESSAGE)] * streaming + [(page(essay), snapshot.DELETED_MESSAGE)]
    assert await essays.announced() == gone


async def test_its_growing_is_announced_on_its_stream_alone_and_its_end_as_a_revision_to_skip_to(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    await essays.announced()
    final = await essays.write(essay, "Once ", "upon")
    sent = await essays.announced()
    assert {name for name, _ in sent[:-1]} == {stream(essay)}
    assert sent[-1] == (page(essay), f"{snapshot.STREAMED_PREFIX}{final.revision}")
    assert snapshot.decode(Essay, sent[-2][1]).body == final.body == "Once upon"


async def test_a_change_while_it_streams_touches_none_of_its_readers(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    await essays.announced()
    renamed = await essays.change(essay, title="Renamed")
    ((channel, message),) = await essays.announced()
    assert channel == stream(essay)
    assert snapshot.decode(Essay, message).title == renamed.title == "Renamed"
    assert (await essays.here.fresh(reader)).revision == 2  # since it may read the essay


async def test_a_child_that_is_added_while_it_streams_is_announced_on_its_stream_alone(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    await essays.announced()
    await essays.remark(essay)
    ((channel, message),) = await essays.announced()
    assert channel == stream(essay)
    assert snapshot.decode(Essay, message).revision == (await essays.fresh(essay)).revision == essay.revision + 1


async def test_a_child_that_is_added_to_a_finished_one_is_announced_on_its_page_and_its_readers(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader, streaming=False)
    await essays.announced()
    await essays.remark(essay)
    changed = await essays.fresh(essay)
    assert await essays.announced() == [(page(essay), str(changed.revision)), (page_of(reader), "3")]


# What the followers of its page get


async def test_the_followers_of_its_page_get_nothing_from_its_start_to_after_its_end(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    async with following_the_page(essays, essay, reader) as changes:
        await essays.write(essay, "Once ", "upon")
        renamed = await essays.change(essay, title="Renamed")
        assert await changes.next() == Change(Essay, essay.id, renamed.revision, deleted=False)
        started = await essays.start(essay)
        assert await changes.next() == Change(Essay, essay.id, started.revision, deleted=False)


async def test_a_stop_gives_the_followers_of_its_page_nothing(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    async with following_the_page(essays, essay, reader) as changes:
        await essays.change(essay, status=Status.STOPPED)
        renamed = await essays.change(essay, title="Renamed")
        assert (await changes.next()).revision == renamed.revision


async def test_a_sweep_while_it_streams_gives_the_followers_of_its_page_nothing(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    async with following_the_page(essays, essay, reader) as changes:
        essays.here.wire.cut = True
        await essays.change(essay, title="Renamed while it streams")
        await essays.sweep.once()
        essays.here.wire.cut = False
        await essays.write(essay, "Once")
        renamed = await essays.change(essay, title="Renamed after its end")
        assert (await changes.next()).revision == renamed.revision


async def test_a_sweep_that_settles_it_gives_the_followers_of_its_page_nothing(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    async with following_the_page(essays, essay, reader) as changes:
        await essays.let_lease_run_out(essay)
        await essays.sweep.once()
        assert (await essays.fresh(essay)).status is Status.FAILED
        await essays.sweep.once()
        renamed = await essays.change(essay, title="Renamed")
        assert (await changes.next()).revision == renamed.revision


async def test_a_lost_change_after_its_end_is_found_by_the_sweep(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    async with following_the_page(essays, essay, reader) as changes:
        await essays.write(essay, "Once")
        essays.here.wire.cut = True
        renamed = await essays.change(essay, title="Renamed")
        await essays.sweep.once()
        assert (await changes.next()).revision == renamed.revision


async def test_its_deletion_while_it_streams_reaches_the_followers_of_its_page(essays: Shop) -> None:
    reader = await essays.reader()
    essay = await essays.essay(reader)
    async with following_the_page(essays, essay, reader) as changes:
        await essays.delete(essay)
        assert await changes.next() == Change(Essay, essay.id, 0, deleted=True)
