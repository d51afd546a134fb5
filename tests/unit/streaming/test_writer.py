"""A writer writes at its cadence and to the end."""

import asyncio

import pytest

from api.replies.errors import ProviderFailed
from api.streaming import snapshot
from api.streaming.columns import Status
from api.streaming.draft import BYTES_PER_SECOND
from api.streaming.flush import INTERNAL_ERROR
from api.streaming.writer import Writer
from tests.unit.streaming.desk import CADENCE, HEARTBEAT, Desk
from tests.unit.streaming.house import LEASE, LIMIT, WAIT, House

# The cadence


async def test_the_first_words_are_written_at_once(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    await desk.tick()
    row = await desk.row(hand.note)
    assert (row.body, row.status, row.revision) == ("a", Status.STREAMING, 2)


async def test_within_the_cadence_nothing_is_written_and_after_it_all_that_came_meanwhile(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    await desk.tick()
    for delta in "bcd":
        hand.text.append(delta)
        desk.clock.pass_(0.1)
        assert await desk.tick() == 0
    desk.clock.pass_(CADENCE - 0.3)
    assert await desk.tick() == 1
    row = await desk.row(hand.note)
    assert (row.body, row.revision) == ("abcd", 3)


async def test_the_tail_is_written_without_another_word_from_the_model(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    await desk.tick()
    hand.text.append("b")
    await desk.tick()
    desk.clock.pass_(CADENCE)
    await desk.tick()
    assert (await desk.row(hand.note)).body == "ab"
    desk.clock.pass_(CADENCE)
    assert await desk.tick() == 0


async def test_the_end_does_not_wait_for_the_cadence(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    await desk.tick()
    hand.text.append("b")
    row = await hand.leave()
    assert (row.body, row.status) == ("ab", Status.COMPLETE)


async def test_a_long_text_is_written_no_faster_than_its_bytes_allow(desk: Desk) -> None:
    writer = Writer(
        desk.line, desk.here.publisher, cadence=CADENCE, lease=LEASE, wait=WAIT, limit=10**7, clock=desk.clock
    )
    desk.writer = writer
    hand = await desk.hand()
    hand.text.append("x" * BYTES_PER_SECOND)
    await desk.tick()
    hand.text.append("y")
    desk.clock.pass_(0.9)
    assert await desk.tick() == 0
    desk.clock.pass_(0.11)
    assert await desk.tick() == 1


async def test_all_that_is_due_is_written_by_one_statement(desk: Desk) -> None:
    hands = [await desk.hand() for _ in range(5)]
    for number, hand in enumerate(hands):
        hand.text.append(str(number))
    assert await desk.tick() == 1
    assert [(await desk.row(hand.note)).body for hand in hands] == list("01234")


async def test_an_update_and_an_end_share_one_statement(desk: Desk) -> None:
    going, ending = await desk.hand(), await desk.hand()
    going.text.append("a")
    ending.text.append("b")
    ending.text.set(ink="blue")
    ending.left.set()
    await asyncio.sleep(0)
    assert await desk.tick() == 1
    assert (await desk.row(going.note)).status == Status.STREAMING
    row = await desk.row(ending.note)
    assert (row.status, row.ink) == (Status.COMPLETE, "blue")


async def test_each_update_is_announced_whole_with_the_revision_that_it_has_in_the_table(desk: Desk) -> None:
    hand = await desk.hand()
    for delta in "abc":
        hand.text.append(delta)
        await desk.tick()
        await desk.here.publisher.drained()
        desk.clock.pass_(CADENCE)
    await hand.leave()
    assert [(row.body, row.revision) for row in await desk.announced()] == [("a", 2), ("ab", 3), ("abc", 4), ("abc", 5)]


async def test_an_open_writer_does_all_this_by_itself(here: House) -> None:
    note = await here.started()
    async with here.following(note) as frames, here.writer(cadence=0.05) as writer:
        async with writer.stream(note) as text:
            text.append("a")
            await frames.until(body="a")
            text.append("b")
            await frames.until(body="ab")
        assert (await frames.rest())[-1].status == Status.COMPLETE


# The end


async def test_leaving_the_block_completes_the_row(desk: Desk) -> None:
    row = await (await desk.hand()).leave()
    assert (row.status, row.body, row.error_code) == (Status.COMPLETE, "", None)


async def test_an_error_of_the_reply_fails_it_with_its_code_sentence_and_text(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    error = ProviderFailed("It broke off.")
    error.__cause__ = ConnectionError("an expired key")
    row = await hand.leave(error)
    assert "an expired key" in caplog.text, "nobody but the operator learns why"
    assert (row.status, row.body, row.error_code, row.error_message) == (
        Status.FAILED,
        "a",
        "PROVIDER",
        "It broke off.",
    )


async def test_any_other_error_fails_it_without_telling_what_it_was(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    row = await (await desk.hand()).leave(ZeroDivisionError("a secret"))
    assert (row.status, row.error_code, row.error_message) == (Status.FAILED, "INTERRUPTED", INTERNAL_ERROR)
    assert "writing failed" in caplog.text


async def test_a_text_that_outgrows_the_limit_fails_and_stays(desk: Desk) -> None:
    note = await desk.here.started()

    async def write() -> None:
        async with desk.writer.stream(note) as text:
            text.append("x" * LIMIT)
            text.append("y")

    task = asyncio.create_task(write())
    await asyncio.sleep(0)
    await desk.tick()
    await task
    row = await desk.row(note)
    assert (row.status, row.error_code, row.body) == (Status.FAILED, "TOO_LONG", "x" * LIMIT)


async def test_the_last_frame_equals_the_row(desk: Desk) -> None:
    hand = await desk.hand()
    async with desk.here.following(hand.note) as frames:
        hand.text.append("a\ud83d")
        hand.text.append("\ude00")
        row = await hand.leave()
        last = (await frames.rest())[-1]
    assert snapshot.values_of(last) == snapshot.values_of(row)


async def test_nothing_is_left_of_a_row_once_it_is_settled(desk: Desk) -> None:
    hands = [await desk.hand() for _ in range(4)]
    await hands[0].leave()
    await hands[1].cancel()
    desk.writer.cancel(hands[2].note.id, hands[2].note.fence)
    await hands[2].end()
    await desk.here.stop(hands[3].note)
    desk.clock.pass_(HEARTBEAT)
    await hands[3].end()
    desk.clock.pass_(HEARTBEAT)
    assert await desk.tick() == 0
    assert desk.writer._drafts == {}
