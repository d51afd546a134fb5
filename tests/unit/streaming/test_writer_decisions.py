"""Somebody else decides about what is being written: its writer lets go, and touches nothing that is not its own."""

import asyncio

import pytest

from api.replies.errors import ProviderFailed
from api.streaming.columns import Status
from tests.support.until import PATIENCE_SECONDS
from tests.unit.streaming.desk import CADENCE, Desk


async def test_a_row_that_somebody_stopped_keeps_the_text_that_was_shown_and_its_writer_is_cancelled(
    desk: Desk,
) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    await desk.tick()
    stopped = await desk.here.stop(hand.note)
    hand.text.append("b")
    desk.clock.pass_(CADENCE)
    row = await hand.end()
    assert (row.body, row.status, row.revision) == ("a", Status.STOPPED, stopped.revision)
    assert hand.text.cancelled


async def test_a_row_that_was_deleted_is_let_go(desk: Desk) -> None:
    hand = await desk.hand()
    await desk.here.delete(hand.note)
    hand.text.append("a")
    await hand.over()
    assert not await desk.here.exists(hand.note)


async def test_a_writer_whose_lease_ran_out_while_it_was_frozen_finds_itself_fenced(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    await desk.tick()
    await desk.here.let_lease_run_out(hand.note)
    await desk.here.sweep.once()
    hand.text.append("b")
    desk.clock.pass_(CADENCE)
    row = await hand.end()
    assert (row.body, row.status, row.error_code) == ("a", Status.FAILED, "INTERRUPTED")


async def test_a_fenced_writer_does_not_touch_what_the_next_one_writes(desk: Desk) -> None:
    hand = await desk.hand()
    await desk.here.let_lease_run_out(hand.note)
    await desk.here.sweep.once()
    other = Desk(desk.here)
    next_hand = await other.hand(await desk.here.claimed(hand.note))
    next_hand.text.append("mine")
    await other.tick()
    hand.text.append("not yours")
    assert (await hand.end()).body == "mine"
    assert (await next_hand.leave()).body == "mine"


async def test_a_writer_that_gets_its_row_back_forgets_what_it_wrote_before(desk: Desk) -> None:
    first = await desk.hand()
    first.text.append("first")
    await desk.here.let_lease_run_out(first.note)
    await desk.here.sweep.once()
    second = await desk.hand(await desk.here.claimed(first.note))
    second.text.append("second")
    await asyncio.wait_for(first.task, PATIENCE_SECONDS)
    row = await second.leave()
    assert (row.body, row.status) == ("second", Status.COMPLETE)


async def test_the_word_that_somebody_decided_cancels_the_block_at_once(desk: Desk) -> None:
    hand = await desk.hand()
    desk.writer.cancel(hand.note.id, hand.note.fence)
    await asyncio.wait_for(hand.task, PATIENCE_SECONDS)
    assert desk.line.written == 0


async def test_a_word_about_another_row_cancels_nothing(desk: Desk) -> None:
    hand, other = await desk.hand(), await desk.hand()
    desk.writer.cancel(other.note.id, other.note.fence)
    await asyncio.wait_for(other.task, PATIENCE_SECONDS)
    assert (await hand.leave()).status == Status.COMPLETE


async def test_a_word_that_is_late_does_not_cancel_whoever_writes_the_row_now(desk: Desk) -> None:
    first = await desk.hand()
    await desk.here.stop(first.note)
    await desk.here.requeue(first.note)
    second = await desk.hand(await desk.here.claimed(first.note))
    desk.writer.cancel(first.note.id, first.note.fence)
    second.text.append("a")
    row = await second.leave()
    assert (row.status, row.body) == (Status.COMPLETE, "a")


async def test_a_block_that_ends_before_it_could_be_cancelled_cancels_nothing_that_follows(desk: Desk) -> None:
    note = await desk.here.started()

    async def write() -> str:
        async with desk.writer.stream(note):
            desk.writer.cancel(note.id, note.fence)
        await asyncio.sleep(0)
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
        return "went on"

    assert await asyncio.create_task(write()) == "went on"


async def test_a_block_that_fails_because_it_was_cancelled_cancels_nothing_that_follows(desk: Desk) -> None:
    note = await desk.here.started()

    async def write() -> str:
        async with desk.writer.stream(note):
            desk.writer.cancel(note.id, note.fence)
            try:
                await asyncio.sleep(PATIENCE_SECONDS)
            except asyncio.CancelledError:
                raise ProviderFailed("It broke off.") from None
        await asyncio.sleep(0)
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
        return "went on"

    assert await asyncio.create_task(write()) == "went on"


async def test_whoever_is_cancelled_for_another_reason_too_stays_cancelled(desk: Desk) -> None:
    hand = await desk.hand()
    hand.task.cancel()
    desk.writer.cancel(hand.note.id, hand.note.fence)
    with pytest.raises(asyncio.CancelledError):
        await hand.task
