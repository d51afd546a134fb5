"""While a row streams, an update inserts what was appended as a chunk. Nevertheless, readers get the whole text."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import Select, func, insert, literal_column, select
from sqlalchemy.exc import CompileError

from api.streaming import leases
from api.streaming.columns import Status, deadline
from api.streaming.errors import ProducerError
from tests.unit.streaming.cast import CADENCE
from tests.unit.streaming.desk import Desk, Hand
from tests.unit.streaming.house import WAIT, House
from tests.unit.streaming.notes import Note

CHUNKS = Note.__chunks__

STORED: Select[str] = select(literal_column("body").label("stored")).select_from(Note)


async def stored(here: House) -> tuple[list[str], list[str]]:
    """The texts in the table of notes, then the chunks in their order."""
    rows = await here.database.read(STORED)
    chunks = await here.database.read(select(CHUNKS.c.body).order_by(CHUNKS.c.row_id, CHUNKS.c.number))
    return [row.stored for row in rows], [chunk.body for chunk in chunks]


async def written(desk: Desk, *pieces: str, note: Note | None = None) -> Hand:
    """A note to which these pieces were appended, each by an update."""
    hand = await desk.hand(note)
    for piece in pieces:
        hand.text.append(piece)
        await desk.tick()
        desk.clock.pass_(CADENCE)
    return hand


async def test_an_update_inserts_what_was_appended_and_no_text_again(desk: Desk) -> None:
    await written(desk, "a", "bc", "d")
    assert await stored(desk.here) == ([""], ["a", "bc", "d"])


async def test_an_update_without_text_inserts_nothing(desk: Desk) -> None:
    hand = await written(desk, "a")
    hand.text.show(ink="blue")
    await desk.tick()
    assert (await desk.row(hand.note)).ink == "blue"
    assert await stored(desk.here) == ([""], ["a"])


async def test_every_query_that_selects_the_text_gets_the_whole_of_it(desk: Desk) -> None:
    hand = await written(desk, "a", "b")
    inner = select(Note.id, Note.status, Note.body).subquery()
    for query in (select(Note.__table__), select(Note.body), select(Note.body.label("body")), select(inner.c.body)):
        (row,) = await desk.here.database.read(query)
        assert row.body == "ab"
    assert (await desk.row(hand.note)).body == "ab"


@pytest.mark.parametrize(
    "query", [select(func.coalesce(Note.body, "")), select(select(Note.body).subquery())], ids=["part", "subquery"]
)
async def test_a_query_that_would_get_less_is_refused(here: House, query: object) -> None:
    with pytest.raises(CompileError, match="`body` is a streamed text"):
        await here.database.read(query)  # type: ignore[arg-type]


async def completes(desk: Desk, hand: Hand) -> None:
    await hand.leave()


async def fails(desk: Desk, hand: Hand) -> None:
    await hand.leave(ProducerError("It broke off."))


async def is_stopped(desk: Desk, hand: Hand) -> None:
    assert (await desk.here.stop(hand.note)).body == "ab"


async def is_settled(desk: Desk, hand: Hand) -> None:
    await desk.here.let_lease_run_out(hand.note)
    await desk.here.sweep.once()


async def is_refused(desk: Desk, hand: Hand) -> None:
    hand.text.set(ink="\ud83d")
    hand.text.append("refused")
    await desk.tick()


@pytest.mark.parametrize("ends", [completes, fails, is_stopped, is_settled, is_refused])
async def test_a_row_that_ends_has_its_text_and_no_chunks(
    desk: Desk, ends: Callable[[Desk, Hand], Awaitable[None]]
) -> None:
    hand = await written(desk, "a", "b")
    await ends(desk, hand)
    row = await desk.row(hand.note)
    assert (row.streaming, row.body) == (False, "ab")
    assert await stored(desk.here) == (["ab"], [])
    assert (await desk.announced())[-1].body == "ab"


async def test_the_chunks_of_a_deleted_row_are_deleted(desk: Desk) -> None:
    hand = await written(desk, "a", "b")
    await desk.here.delete(hand.note)
    assert await stored(desk.here) == ([], [])


async def test_a_text_that_goes_on_becomes_the_first_chunk(desk: Desk) -> None:
    hand = await written(desk, "ab")
    note = await hand.leave()
    waiting = await desk.here.change(note, status=Status.STREAMING, writer=None, lease=deadline(WAIT))
    again = await written(desk, "c", note=await desk.here.claimed(waiting))
    assert await stored(desk.here) == ([""], ["ab", "c"])
    assert (await again.leave()).body == "abc"


async def test_an_update_whose_answer_was_lost_is_replaced_by_the_next(desk: Desk) -> None:
    hand = await written(desk, "a")
    hand.text.append("b")
    desk.line.loses_answers = True
    with pytest.raises(ConnectionError):
        await desk.tick()
    desk.line.loses_answers = False
    desk.clock.pass_(CADENCE)
    hand.text.append("c")
    await desk.tick()
    assert await stored(desk.here) == (["abc"], [])
    desk.clock.pass_(CADENCE)
    hand.text.append("d")
    await desk.tick()
    assert await stored(desk.here) == ([""], ["abc", "d"])
    assert (await hand.leave()).body == "abcd"


async def test_a_stop_keeps_what_was_appended_after_it_loaded_the_row(desk: Desk) -> None:
    if desk.here.database.dialect == "sqlite":
        return  # a transaction that may write excludes the writer
    hand = await written(desk, "a")
    async with desk.here.database.transaction() as session:
        row = await session.get_one(Note, hand.note.id)
        hand.text.append("b")
        await desk.tick()
        row.status = Status.STOPPED
    assert row.body == (await desk.row(row)).body == "ab"
    assert (await desk.announced())[-1].body == "ab"


async def test_chunks_that_a_sweep_left_are_no_text_of_a_row_that_ended_and_are_gone_when_it_streams(
    desk: Desk,
) -> None:
    note = await (await written(desk, "a")).leave()
    left = insert(CHUNKS).values(row_id=note.id, number=1, body="left").returning(CHUNKS.c.number)
    await desk.here.database.write(left)
    assert (await desk.row(note)).body == "a"
    await desk.here.requeue(note)
    assert await stored(desk.here) == ([""], [])


async def test_a_row_that_has_chunks_is_not_without_text(desk: Desk) -> None:
    hand = await written(desk, "a")
    back = leases.hand_back(Note, desk.here.database.dialect, {hand.note.id: hand.note.fence}, wait=WAIT)
    assert await desk.here.database.write(*back) == []
