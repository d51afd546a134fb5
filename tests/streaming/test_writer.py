"""A writer writes at its cadence and to the end, whatever happens to the database, to itself and to the row."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Executable, Row

from api.errors import ProviderFailed
from api.streaming import channels, leases, snapshot
from api.streaming import writer as writing
from api.streaming.draft import BYTES_PER_SECOND, Draft
from api.streaming.rows import Status
from api.streaming.writer import HEARTBEATS_PER_LEASE, Writer
from tests.streaming.notes import LEASE, LIMIT, SECONDS, WAIT, Clock, House, Note

CADENCE = 0.35

HEARTBEAT = LEASE / HEARTBEATS_PER_LEASE


class Line:
    """The way to the database, which can break before a statement arrives or before its answer does."""

    def __init__(self, here: House) -> None:
        self._database = here.database
        self.dialect = here.database.dialect
        self.written = 0
        self.breaks = False
        self.loses_answers = False

    async def read(self, statement: Executable) -> Sequence[Row[Any]]:
        return await self._database.read(statement)

    async def write(self, statement: Executable) -> Sequence[Row[Any]]:
        if self.breaks:
            raise ConnectionError("the database is away")
        self.written += 1
        rows = await self._database.write(statement)
        if self.loses_answers:
            raise ConnectionError("the answer was lost")
        return rows


class Hand:
    """Whoever writes a note, as the test says."""

    def __init__(self, desk: "Desk", note: Note) -> None:
        self._desk = desk
        self.left = asyncio.Event()
        self._error: Exception | None = None
        self._began = asyncio.Event()
        self.note = note
        self.text: Draft
        self.task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        async with self._desk.writer.stream(self.note) as self.text:
            self._began.set()
            await self.left.wait()
            if self._error is not None:
                raise self._error

    async def begin(self) -> None:
        await self._began.wait()

    async def leave(self, error: Exception | None = None) -> Note:
        """Leave the block, with this error if there is one; the row as it is then."""
        self._error = error
        self.left.set()
        return await self.end()

    async def cancel(self) -> Note:
        """Be cancelled, as by a process that ends; the row once the writer has seen to it."""
        self.task.cancel()
        await asyncio.wait((self.task,))
        await self._desk.tick()
        return await self._desk.row(self.note)

    async def end(self) -> Note:
        """Tick until the block is left; the row as it is then."""
        async with asyncio.timeout(SECONDS):
            while not self.task.done():
                await self._desk.tick()
                await asyncio.sleep(0)
        await self.task
        return await self._desk.row(self.note)


class Desk:
    """A writer that ticks when the test says so, on a line that breaks when the test says so."""

    def __init__(self, here: House) -> None:
        self.here = here
        self.clock = Clock()
        self.line = Line(here)
        self.writer = Writer(
            self.line, here.publisher, cadence=CADENCE, lease=LEASE, wait=WAIT, limit=LIMIT, clock=self.clock
        )
        self.hands: list[Hand] = []

    async def hand(self, note: Note | None = None) -> Hand:
        hand = Hand(self, note or await self.here.started())
        self.hands.append(hand)
        await hand.begin()
        return hand

    async def tick(self) -> int:
        """How many statements it took."""
        before = self.line.written
        await self.writer.tick()
        return self.line.written - before

    async def row(self, note: Note) -> Note:
        return await self.here.fresh(note)

    async def announced(self) -> list[Note]:
        """All that was published on streams so far."""
        await self.here.publisher.drained()
        return [snapshot.decode(Note, message) for message in self.here.wire.sent_on("stream:")]


@pytest_asyncio.fixture
async def desk(here: House) -> AsyncIterator[Desk]:
    desk = Desk(here)
    yield desk
    for hand in desk.hands:
        hand.task.cancel()
    await asyncio.gather(*(hand.task for hand in desk.hands), return_exceptions=True)


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


async def test_an_error_of_the_reply_fails_it_with_its_code_sentence_and_text(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("a")
    row = await hand.leave(ProviderFailed("It broke off."))
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
    assert (row.status, row.error_code, row.error_message) == (Status.FAILED, "INTERRUPTED", writing.BROKEN)
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


# What the database refuses


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


# A database that is away


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
        async with asyncio.timeout(SECONDS):
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


async def test_a_row_that_is_written_anew_before_the_lost_answer_is_missed_isleft_alone(desk: Desk) -> None:
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


# Somebody else decides


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
    assert hand.text.lost


async def test_a_row_that_was_deleted_is_let_go(desk: Desk) -> None:
    hand = await desk.hand()
    await desk.here.delete(hand.note)
    hand.text.append("a")
    assert await hand.end() is None


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
    await asyncio.wait_for(first.task, SECONDS)
    row = await second.leave()
    assert (row.body, row.status) == ("second", Status.COMPLETE)


async def test_the_word_that_somebody_decided_cancels_the_block_at_once(desk: Desk) -> None:
    hand = await desk.hand()
    desk.writer.dismiss(hand.note.id, hand.note.fence)
    await asyncio.wait_for(hand.task, SECONDS)
    assert desk.line.written == 0


async def test_a_word_about_another_row_cancels_nothing(desk: Desk) -> None:
    hand, other = await desk.hand(), await desk.hand()
    desk.writer.dismiss(other.note.id, other.note.fence)
    await asyncio.wait_for(other.task, SECONDS)
    assert (await hand.leave()).status == Status.COMPLETE


async def test_a_word_that_is_late_does_not_cancel_whoever_writes_the_row_now(desk: Desk) -> None:
    first = await desk.hand()
    await desk.here.stop(first.note)
    await desk.here.requeue(first.note)
    second = await desk.hand(await desk.here.claimed(first.note))
    desk.writer.dismiss(first.note.id, first.note.fence)
    second.text.append("a")
    row = await second.leave()
    assert (row.status, row.body) == (Status.COMPLETE, "a")


async def test_a_block_that_ends_before_it_could_be_cancelled_cancels_nothing_that_follows(desk: Desk) -> None:
    note = await desk.here.started()

    async def write() -> str:
        async with desk.writer.stream(note):
            desk.writer.dismiss(note.id, note.fence)
        await asyncio.sleep(0)
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
        return "went on"

    assert await asyncio.create_task(write()) == "went on"


async def test_a_block_that_fails_because_it_was_cancelled_cancels_nothing_that_follows(desk: Desk) -> None:
    note = await desk.here.started()

    async def write() -> str:
        async with desk.writer.stream(note):
            desk.writer.dismiss(note.id, note.fence)
            try:
                await asyncio.sleep(SECONDS)
            except asyncio.CancelledError:
                raise ProviderFailed("It broke off.") from None
        await asyncio.sleep(0)
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
        return "went on"

    assert await asyncio.create_task(write()) == "went on"


async def test_whoever_is_cancelled_for_another_reason_too_stays_cancelled(desk: Desk) -> None:
    hand = await desk.hand()
    hand.task.cancel()
    desk.writer.dismiss(hand.note.id, hand.note.fence)
    with pytest.raises(asyncio.CancelledError):
        await hand.task


# Heartbeats


async def test_a_silent_writers_lease_is_kept_without_a_new_revision(desk: Desk) -> None:
    hand = await desk.hand()
    await desk.here.let_lease_run_out(hand.note)
    desk.clock.pass_(HEARTBEAT)
    assert await desk.tick() == 1
    await desk.here.sweep.once()
    row = await desk.row(hand.note)
    assert (row.status, row.revision, row.writer) == (Status.STREAMING, hand.note.revision, hand.note.writer)
    assert row.lease > hand.note.lease - LEASE
    assert await desk.announced() == []


async def test_the_heart_of_a_row_beats_before_its_first_word(here: House) -> None:
    note = await here.started()
    async with Writer(here.database, here.publisher, cadence=0, lease=0.3, wait=WAIT, limit=LIMIT) as writer:
        await asyncio.sleep(0)  # now it waits for something to do
        async with asyncio.timeout(SECONDS), writer.stream(note):
            while (await here.fresh(note)).lease == note.lease:  # noqa: ASYNC110 nobody tells
                await asyncio.sleep(0.02)


async def test_the_heart_does_not_beat_more_often_than_three_times_a_lease(desk: Desk) -> None:
    await desk.hand()
    desk.clock.pass_(HEARTBEAT - 0.1)
    assert await desk.tick() == 0
    desk.clock.pass_(0.2)
    assert await desk.tick() == 1
    desk.clock.pass_(HEARTBEAT - 0.1)
    assert await desk.tick() == 0


async def test_an_update_is_a_heartbeat(desk: Desk) -> None:
    hand = await desk.hand()
    desk.clock.pass_(HEARTBEAT - 0.1)
    hand.text.append("a")
    await desk.tick()
    desk.clock.pass_(HEARTBEAT - 0.1)
    assert await desk.tick() == 0
    assert (await desk.row(hand.note)).lease > hand.note.lease


async def test_the_hearts_of_all_silent_rows_beat_in_one_statement(desk: Desk) -> None:
    for _ in range(5):
        await desk.hand()
    desk.clock.pass_(HEARTBEAT)
    assert await desk.tick() == 1


async def test_a_silent_writer_hears_by_its_next_heartbeat_that_somebody_stopped_it(desk: Desk) -> None:
    hand, other = await desk.hand(), await desk.hand()
    await desk.here.stop(hand.note)
    desk.clock.pass_(HEARTBEAT)
    await desk.tick()
    await asyncio.wait_for(hand.task, SECONDS)
    assert not other.task.done()


# Leaving


async def test_whoever_is_cancelled_before_anything_was_shown_hands_the_row_back(desk: Desk) -> None:
    hand = await desk.hand()
    hand.text.append("never shown")
    row = await hand.cancel()
    assert (row.status, row.writer, row.body, row.revision) == (Status.STREAMING, None, "", hand.note.revision)
    assert (row.fence, row.tries) == (hand.note.fence + 1, hand.note.tries - 1)
    await desk.here.publisher.drained()
    assert desk.here.wire.sent[-1] == (channels.WORK, "")
    assert (await desk.here.claimed(row)).tries == hand.note.tries


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

    async def generate() -> AsyncIterator[None]:
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
    monkeypatch.setattr(writing, "PARTING_SECONDS", 0.01)
    hand = await desk.hand()
    desk.line.breaks = True
    async with asyncio.timeout(SECONDS), desk.writer:
        hand.task.cancel()
        await asyncio.wait((hand.task,))
    row = await desk.row(hand.note)
    assert (row.status, row.writer) == (Status.STREAMING, hand.note.writer)


async def test_nothing_isleft_of_a_row_once_it_is_settled(desk: Desk) -> None:
    hands = [await desk.hand() for _ in range(4)]
    await hands[0].leave()
    await hands[1].cancel()
    desk.writer.dismiss(hands[2].note.id, hands[2].note.fence)
    await hands[2].end()
    await desk.here.stop(hands[3].note)
    desk.clock.pass_(HEARTBEAT)
    await hands[3].end()
    desk.clock.pass_(HEARTBEAT)
    assert await desk.tick() == 0
    assert desk.writer._drafts == {}
