"""Whoever is cancelled while writing hands back what has shown nothing, and ends the rest; a writer closes in time."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from api.streaming import channels, leases
from api.streaming import writer as writing
from api.streaming.columns import Status
from tests.support.until import PATIENCE_SECONDS
from tests.unit.streaming.desk import Desk


async def test_whoever_is_cancelled_before_anything_was_shown_hands_the_row_back(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("never shown")
    row = await hand.cancel()
    assert (row.status, row.writer, row.body, row.revision) == (Status.STREAMING, None, "", hand.note.revision)
    assert (row.fence, row.tries) == (hand.note.fence + 1, hand.note.tries - 1)
    await desk.here.publisher.drained()
    assert desk.here.wire.sent[-1] == (channels.work("notes"), "")
    assert (await desk.here.claimed(row)).tries == hand.note.tries


async def test_what_could_not_be_written_was_not_shown(desk: Desk) -> None:
    """A worker that is told to end while the database is away loses no reply of which nobody has seen a word."""
    hand = await desk.hand()
    hand.text.append("never written")
    desk.line.breaks = True
    with pytest.raises(ConnectionError):
        await desk.tick()
    desk.line.breaks = False
    row = await hand.cancel()
    assert (row.status, row.writer, row.body, row.fence) == (Status.STREAMING, None, "", hand.note.fence + 1)


async def test_a_row_whose_first_update_was_written_although_its_answer_was_lost_fails_at_once(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("seen")
    desk.line.loses_answers = True
    with pytest.raises(ConnectionError):
        await desk.tick()
    desk.line.loses_answers = False
    await hand.cancel()
    await desk.tick()
    row = await desk.row(hand.note)
    assert (row.status, row.error_code, row.body) == (Status.FAILED, "INTERRUPTED", "seen")


async def test_whoever_is_cancelled_after_that_fails_it_with_its_text(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    await desk.tick()
    hand.text.append("b")
    row = await hand.cancel()
    assert (row.status, row.error_code, row.body) == (Status.FAILED, "INTERRUPTED", "ab")
    assert row.error_message == leases.INTERRUPTED


async def test_whoever_is_cancelled_after_the_end_completes_it_all_the_same(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    desk.line.breaks = True
    with pytest.raises(ConnectionError):
        await desk.tick()
    hand.left.set()
    await asyncio.sleep(0)
    hand.task.cancel()
    await asyncio.wait((hand.task,))
    desk.line.breaks = False
    await desk.tick()
    row = await desk.row(hand.note)
    assert (row.status, row.body) == (Status.COMPLETE, "a")


async def test_what_somebody_else_has_already_is_not_handed_back_again(desk: Desk) -> None:
    hand = await desk.hand()
    await desk.here.let_lease_run_out(hand.note)
    await desk.here.sweep.once()
    theirs = await desk.here.claimed(hand.note)
    row = await hand.cancel()
    assert (row.writer, row.fence, row.tries) == (theirs.writer, theirs.fence, theirs.tries)
    assert await desk.tick() == 0


async def test_a_generator_that_is_closed_lets_its_row_go_too(desk: Desk) -> None:
    note = await desk.here.started()

    async def generate() -> AsyncGenerator[None]:
        async with desk.writer.stream(note):
            yield

    generator = generate()
    await anext(generator)
    await generator.aclose()
    await desk.tick()
    assert (await desk.row(note)).writer is None


async def test_a_writer_that_closes_writes_the_last_updates_first(desk: Desk) -> None:
    shown, silent = await desk.hand(), await desk.hand()
    shown.text.append("a")
    await desk.tick()
    async with desk.writer:
        for hand in (shown, silent):
            hand.task.cancel()
        await asyncio.wait((shown.task, silent.task))
    assert (await desk.row(shown.note)).status == Status.FAILED
    assert (await desk.row(silent.note)).writer is None


async def test_a_writer_that_closes_does_not_wait_for_ever_for_a_database_that_is_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SHUTDOWN_SECONDS", 0.01)
    hand = await desk.hand()
    desk.line.breaks = True
    async with asyncio.timeout(PATIENCE_SECONDS), desk.writer:
        hand.task.cancel()
        await asyncio.wait((hand.task,))
    row = await desk.row(hand.note)
    assert (row.status, row.writer) == (Status.STREAMING, hand.note.writer)
