"""Promise 8: announced is what is committed, and all of it. Every shape of it: tests/streaming/test_announce*.py."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, event, insert, text, update
from sqlalchemy.exc import IntegrityError

from api.accounts.models import User
from api.chats.models import Chat, Membership, Message, MessageRole
from api.graphql import relay
from api.streaming.columns import Status
from api.streaming.errors import UnseenChange
from tests.support.backends import Backend
from tests.support.operations import mutation
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.sockets import Subscription
from tests.support.statements import table

pytestmark = pytest.mark.parametrize("backend", ["embedded", "scaled"], indirect=True)
"""How a server writes to its sockets makes no difference here."""


async def told(sync: Subscription) -> dict[str, int]:
    """One event of each of two followed objects."""
    return {event["id"]: event["revision"] for event in (await sync.next(), await sync.next())}


async def revisions(person: Person, chat: str) -> dict[str, int]:
    found = await person.ask("query ($c: ID!) { viewer { id revision } chat(id: $c) { id revision } }", c=chat)
    return {found[name]["id"]: found[name]["revision"] for name in ("viewer", "chat")}


def said(chat: str, content: str = "Hello") -> Message:
    return Message(chat_id=relay.key_of("Chat", chat), role=MessageRole.ASSISTANT, content=content)


async def test_what_is_rolled_back_is_not_announced_and_raises_nothing(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    async with ann.socket() as socket:
        sync = await socket.sync(chat, ann.viewer_id)
        before = await told(sync)
        with pytest.raises(ZeroDivisionError):
            async with server.runtime.database.transaction() as session:
                session.add(said(chat))
                await session.flush()
                raise ZeroDivisionError
        assert await revisions(ann, chat) == before
        await ann.send(chat, reply=False)
        assert await told(sync) == {key: revision + 1 for key, revision in before.items()}


async def test_a_savepoint_takes_back_its_own_part_alone(server: Running) -> None:
    ann = await server.person("Ann")
    kept, dropped = await ann.create_chat(), await ann.create_chat()
    async with ann.socket() as socket:
        sync = await socket.sync(kept, dropped)
        before = await told(sync)
        async with server.runtime.database.transaction() as session:
            session.add(said(kept))
            with pytest.raises(IntegrityError):
                async with session.begin_nested():
                    session.add(said(dropped))
                    await session.flush()
                    session.add(Message(chat_id=UUID(int=1), role=MessageRole.USER))
            async with session.begin_nested():
                session.add(said(kept))
        assert await sync.next() == {"id": kept, "revision": before[kept] + 1, "deleted": False}
        await ann.mutate("renameChat", chatId=dropped, title="b")
        assert await sync.next() == {"id": dropped, "revision": before[dropped] + 1, "deleted": False}


async def test_a_transaction_raises_what_it_changes_and_touches_by_exactly_one(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    before = [await revisions(person, chat) for person in (ann, bob)]
    async with server.runtime.database.transaction() as session:
        row = await session.get_one(Chat, relay.key_of("Chat", chat))
        for number in range(5):
            row.title = str(number)
            session.add(said(chat, str(number)))
            await session.flush()
    after = [await revisions(person, chat) for person in (ann, bob)]
    assert after == [{key: revision + 1 for key, revision in those.items()} for those in before]


async def test_a_request_that_is_cancelled_while_it_commits_still_announces(backend: Backend) -> None:
    """Its socket closes, or the operation is completed, in the very moment: what is committed is announced."""
    async with serving(backend.settings(patience_seconds=3_600)) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        async with ann.socket() as socket:
            sync = await socket.sync(chat, ann.viewer_id)
            before = await told(sync)

            def leave(connection: Any) -> None:
                (task,) = (task for task in asyncio.all_tasks() if task.get_name() == f"socket: {renaming.id}")
                task.cancel()

            event.listen(server.runtime.database.engine.sync_engine, "commit", leave)
            renaming = await socket.subscribe(mutation("renameChat"), input={"chatId": chat, "title": "b"})
            assert await told(sync) == {key: revision + 1 for key, revision in before.items()}
            assert renaming.received.empty()
        assert (await ann.ask("query ($c: ID!) { chat(id: $c) { title } }", c=chat))["chat"]["title"] == "b"


@pytest.mark.parametrize("table", ["messages", "chats", "users", "participations"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET id = id", "DELETE FROM {table}", "INSERT INTO {table} SELECT * FROM {table}"]
)
async def test_text_that_changes_a_followed_table_raises(server: Running, statement: str, table: str) -> None:
    written = statement.format(table=table)
    with pytest.raises(UnseenChange, match=f"`{table}`"):
        async with server.runtime.database.transaction() as session:
            await session.execute(text(written))
    async with server.runtime.database.engine.connect() as connection:
        with pytest.raises(UnseenChange, match=f"`{table}`"):
            await connection.exec_driver_sql(written)


async def test_a_bulk_statement_raises_and_changes_nothing(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = (await ann.send(chat))["reply"]
    values = {"status": Status.FAILED}
    for statement in (
        update(Message).values(values),
        update(table(Message)).values(values),
        insert(Membership).values(chat_id=relay.key_of("Chat", chat), user_id=UUID(int=1)),
        delete(table(User)),
    ):
        with pytest.raises(UnseenChange):
            async with server.runtime.database.transaction() as session:
                await session.execute(statement)
    assert (await server.row(reply["id"])).revision == reply["revision"]


async def test_no_foreign_key_lets_the_database_change_a_followed_row(server: Running) -> None:
    followed = {model.__tablename__ for model in (User, Chat, Membership, Message)}
    async with server.runtime.database.engine.connect() as connection:
        if server.runtime.database.dialect == "postgresql":
            keys = text(
                "SELECT conrelid::regclass::text, confdeltype::text, confupdtype::text FROM pg_constraint "
                "WHERE contype = 'f'"
            )
            nothing = "a"
        else:
            keys = text(
                "SELECT m.name, f.on_delete, f.on_update FROM sqlite_master m, pragma_foreign_key_list(m.name) f"
            )
            nothing = "NO ACTION"
        found = [tuple(row) for row in await connection.execute(keys)]
    assert {table for table, *_ in found} >= followed - {"users"}
    assert {tuple(actions) for table, *actions in found if table in followed} == {(nothing, nothing)}
