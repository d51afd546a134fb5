"""A writer whose database refuses a text, or is away: the others are written, and nothing is lost."""

import asyncio

import pytest

from api.streaming import writer as writing
from api.streaming.columns import Status
from tests.support.until import PATIENCE_SECONDS
from tests.unit.streaming.desk import CADENCE, Desk

# It refuses a text


async def test_one_bad_row_among_many_fails_alone(desk: Desk) -> None:
    hands = [await desk.hand() for _ in range(3)]
    for hand in hands:
        hand.text.append("a")
    await desk.tick()
    desk.clock.pass_(CADENCE)
    for hand in hands:
        hand.text.append("b")
    hands[1].text.set(ink="\ud83d")
    await desk.tick()
    rows = [await desk.row(hand.note) for hand in hands]
    assert [(row.body, row.status) for row in rows] == [
        ("ab", Status.STREAMING),
        ("a", Status.FAILED),
        ("ab", Status.STREAMING),
    ]
    assert (rows[1].error_code, rows[1].revision) == ("INTERRUPTED", 3)
    await hands[1].end()
    assert [row.status for row in await desk.announced() if row.id == rows[1].id][-1] == Status.FAILED


@pytest.mark.parametrize("ink", ["\0", "longer than ten characters"])
async def test_what_one_database_takes_and_another_refuses_does_not_hold_up_the_others(desk: Desk, ink: str) -> None:
    bad, good = await desk.hand(), await desk.hand()
    bad.text.append("a")
    bad.text.set(ink=ink)
    good.text.append("b")
    await desk.tick()
    assert (await desk.row(good.note)).body == "b"
    await desk.tick()
    assert (await good.leave()).status == Status.COMPLETE
    assert (await bad.leave()).status in (Status.FAILED, Status.COMPLETE)


async def test_a_bad_last_update_ends_the_row_all_the_same(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    await desk.tick()
    hand.text.set(ink="\ud83d")
    row = await hand.leave()
    assert (row.status, row.body) == (Status.FAILED, "a")


# It is away


async def test_what_could_not_be_written_is_written_when_the_database_is_back(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    desk.line.breaks = True
    for delta in "bc":
        with pytest.raises(ConnectionError):
            await desk.tick()
        desk.clock.pass_(CADENCE)
        hand.text.append(delta)
    desk.line.breaks = False
    await desk.tick()
    row = await desk.row(hand.note)
    assert (row.body, row.revision) == ("abc", 2)


async def test_an_open_writer_goes_on_when_the_database_is_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "RETRY_SECONDS", 0.001)
    desk.line.breaks = True
    hand = await desk.hand()
    async with desk.writer:
        hand.text.append("a")
        hand.left.set()
        await asyncio.sleep(0.01)
        desk.line.breaks = False
        async with asyncio.timeout(PATIENCE_SECONDS):
            await hand.task
    assert (await desk.row(hand.note)).status == Status.COMPLETE


async def test_a_lost_answer_to_an_update_costs_a_revision_and_no_text(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    desk.line.loses_answers = True
    with pytest.raises(ConnectionError):
        await desk.tick()
    desk.line.loses_answers = False
    desk.clock.pass_(CADENCE)
    await desk.tick()
    row = await desk.row(hand.note)
    assert (row.body, row.status, row.revision) == ("a", Status.STREAMING, 3)
    assert [(row.body, row.revision) for row in await desk.announced()] == [("a", 3)]


async def test_a_lost_answer_to_the_last_update_is_found_in_the_table_and_announced(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    hand.left.set()
    await asyncio.sleep(0)
    desk.line.loses_answers = True
    with pytest.raises(ConnectionError):
        await desk.tick()
    assert await desk.announced() == []
    desk.line.loses_answers = False
    row = await hand.end()
    assert (row.body, row.status, row.revision) == ("a", Status.COMPLETE, 2)
    assert [(row.status, row.revision) for row in await desk.announced()] == [(Status.COMPLETE, 2)]


async def test_a_row_that_is_written_anew_before_the_lost_answer_is_missed_is_left_alone(desk: Desk) -> None:
    hand = await desk.hand()
    hand.left.set()
    await asyncio.sleep(0)
    desk.line.loses_answers = True
    with pytest.raises(ConnectionError):
        await desk.tick()
    desk.line.loses_answers = False
    again = await desk.here.requeue(hand.note)
    row = await hand.end()
    assert (row.status, row.fence, row.revision) == (Status.STREAMING, again.fence, again.revision)
