"""Another transaction has locked a row: a writer of other rows does not wait, and no two wait for each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select, text, update
from uuid_utils.compat import uuid7

from api.chats.locks import lock_membership
from api.chats.models import Chat, Membership, Message, MessageRole
from api.graphql import relay
from api.streaming.columns import deadline, enqueue
from api.streaming.draft import Draft
from api.streaming.writer import HEARTBEATS_PER_LEASE, Writer
from tests.support.backends import Backend
from tests.support.server import Running, serving
from tests.support.until import PATIENCE_SECONDS, becomes, until

REPLIES = 4


@pytest.fixture
async def server(scaled: Backend) -> AsyncIterator[Running]:
    async with serving(scaled.settings()) as running:
        yield running


class Desk:
    """A chat whose replies are all being written by one writer, which ticks when the test says so."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.now = 1_000.0
        self.chat = ""
        self.rows: list[Message] = []
        self.texts: list[Draft] = []
        self.left: list[asyncio.Event] = []
        self.writing: list[asyncio.Task[None]] = []
        parts = server.runtime
        self.writer = Writer(
            parts.database, parts.publisher, cadence=0, lease=15, wait=60, limit=10_000, clock=lambda: self.now
        )

    async def begin(self) -> None:
        self.ann = await self.server.person("Ann")
        self.chat = await self.ann.create_chat()
        key, database = relay.key_of("Chat", self.chat), self.server.runtime.database
        waiting = [Message(chat_id=key, role=MessageRole.ASSISTANT) for _ in range(REPLIES)]
        for row in waiting:
            enqueue(row, 60)
        async with database.transaction() as session:
            session.add_all(waiting)
        # No worker would claim several of a chat. They are written at once if older ones are regenerated.
        rights = {"writer": uuid7(), "fence": Message.fence + 1, "tries": 1, "lease": deadline(15)}
        mine = update(Message).where(Message.id.in_([row.id for row in waiting])).values(rights)
        claimed = await database.write(mine.returning(Message.__table__))
        self.rows = sorted((Message(**row._mapping) for row in claimed), key=lambda row: row.id)
        for row in self.rows:
            begun, left = asyncio.Event(), asyncio.Event()
            self.writing.append(asyncio.create_task(self._write(row, begun, left)))
            self.left.append(left)
            await begun.wait()

    async def _write(self, row: Message, begun: asyncio.Event, left: asyncio.Event) -> None:
        async with self.writer.stream(row) as draft:
            self.texts.append(draft)
            begun.set()
            await left.wait()

    async def tick(self) -> None:
        """A tick one second later. Fails if it waits for a lock."""
        self.now += 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.writer.tick()

    async def row(self, number: int) -> Message:
        row: Message = await self.server.row(relay.global_id("Message", self.rows[number].id))
        return row

    async def contents(self) -> list[str]:
        stored = select(Message.content).where(Message.role == MessageRole.ASSISTANT).order_by(Message.id)
        return [row.content for row in await self.server.runtime.database.read(stored)]

    async def blocks_somebody(self) -> None:
        """Wait until a transaction waits for a lock."""
        those = "datname = current_database() AND wait_event_type = 'Lock'"
        waiting = text(f"SELECT count(*) AS waiting FROM pg_stat_activity WHERE {those}")
        await becomes(lambda: self.server.runtime.database.read(waiting), lambda rows: rows[0].waiting)


@pytest.fixture
async def desk(server: Running) -> AsyncIterator[Desk]:
    desk = Desk(server)
    await desk.begin()
    yield desk
    for task in desk.writing:
        task.cancel()
    await asyncio.gather(*desk.writing, return_exceptions=True)


@asynccontextmanager
async def locked(desk: Desk, row: Message) -> AsyncIterator[None]:
    """Another transaction has locked the row, to decide about it."""
    async with desk.server.runtime.database.transaction() as session:
        await session.get(Message, row.id, with_for_update=True)
        yield


async def test_a_tick_passes_over_a_locked_row_writes_the_others_and_comes_back_to_it(desk: Desk) -> None:
    for draft in desk.texts:
        draft.append("a")
    async with locked(desk, desk.rows[1]):
        await desk.tick()
        assert await desk.contents() == ["a", "", "a", "a"]
    await desk.tick()
    assert await desk.contents() == ["a"] * REPLIES


async def test_a_reply_that_ends_while_it_is_locked_is_ended_after(desk: Desk) -> None:
    desk.texts[0].append("a")
    async with locked(desk, desk.rows[0]):
        desk.left[0].set()
        await until(lambda: desk.texts[0].closing)
        await desk.tick()
        assert not desk.texts[0].done.is_set()
    await desk.tick()
    await desk.writing[0]
    row = await desk.row(0)
    assert (row.content, row.status) == ("a", "COMPLETE")


async def test_a_reply_that_is_handed_back_while_it_is_locked_is_handed_back_after(desk: Desk) -> None:
    async with locked(desk, desk.rows[0]):
        desk.writing[0].cancel()
        await until(lambda: desk.texts[0].to_hand_back)
        await desk.tick()
        assert not desk.texts[0].done.is_set()
    await desk.tick()
    assert desk.texts[0].done.is_set()
    row = await desk.row(0)
    assert (row.status, row.writer, row.tries) == ("STREAMING", None, 0)


async def test_heartbeats_go_on_beside_and_after_a_locked_row(desk: Desk) -> None:
    leases_before = await held_until(desk)
    desk.now += 15 / HEARTBEATS_PER_LEASE
    async with locked(desk, desk.rows[1]):
        await desk.tick()
        during = await held_until(desk)
    await desk.tick()
    after = await held_until(desk)
    assert [later > before for before, later in zip(leases_before, during, strict=True)] == [True, False, True, True]
    assert [later > before for before, later in zip(during, after, strict=True)] == [False, True, False, False]
    assert not any(draft.cancelled for draft in desk.texts)


async def held_until(desk: Desk) -> list[float]:
    stored = select(Message.lease).where(Message.role == MessageRole.ASSISTANT).order_by(Message.id)
    return [row.lease for row in await desk.server.runtime.database.read(stored)]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0]], ids=["in order", "the other way"])
async def test_a_transaction_that_locks_all_replies_never_waits_for_a_tick_that_waits_for_it(
    desk: Desk, order: list[int]
) -> None:
    """Whatever order Postgres' planner has a tick go in, one of these is another."""
    async with desk.server.runtime.database.transaction() as session:
        for number in order:
            await session.get(Message, desk.rows[number].id, with_for_update=True)
            for draft in desk.texts:
                draft.append("a")
            await desk.tick()
    assert not any(draft.cancelled for draft in desk.texts)


async def test_a_chat_is_deleted_in_the_middle_of_all_its_replies(desk: Desk) -> None:
    async with locked(desk, desk.rows[2]):
        deleting = asyncio.create_task(desk.ann.mutate("deleteChat", chatId=desk.chat))
        await desk.blocks_somebody()
        for draft in desk.texts:
            draft.append("a")
        await desk.tick()
        assert await desk.contents() == ["", "", "", "a"]
    assert (await deleting)["deletedId"] == desk.chat
    for draft in desk.texts:
        draft.append("b")
    await desk.tick()
    assert all(draft.cancelled for draft in desk.texts)


async def test_a_chat_gets_another_title_without_waiting_for_two_senders(desk: Desk) -> None:
    """Behind a transaction that waits for both, each of them would wait for the other."""
    key, database = relay.key_of("Chat", desk.chat), desk.server.runtime.database
    revision = select(Chat.revision).where(Chat.id == key)
    ((before,),) = await database.read(revision)

    async def send() -> None:
        async with database.transaction() as session:
            session.add(Message(chat_id=key, role=MessageRole.USER, content="Hello"))

    async with database.transaction() as session:
        session.add(Message(chat_id=key, role=MessageRole.USER, content="Hello"))
        await session.flush()
        second = asyncio.create_task(send())
        await desk.blocks_somebody()  # messages of a chat are inserted one after the other
        await desk.ann.mutate("renameChat", chatId=desk.chat, title="Tides")
    await second
    ((after,),) = await database.read(revision)
    assert after == before + 3


async def test_a_chat_is_deleted_while_a_participant_is_added(desk: Desk) -> None:
    key, eve = relay.key_of("Chat", desk.chat), await desk.server.person("Eve")
    async with desk.server.runtime.database.transaction() as session:
        await lock_membership(session, key, relay.key_of("User", desk.ann.user_id))
        session.add(Membership(chat_id=key, user_id=relay.key_of("User", eve.user_id)))
        await session.flush()
        deleting = asyncio.create_task(desk.ann.mutate("deleteChat", chatId=desk.chat))
        await desk.blocks_somebody()
    assert (await deleting)["deletedId"] == desk.chat
    assert (await eve.ask("{ viewer { chats { edges { node { id } } } } }"))["viewer"]["chats"]["edges"] == []
