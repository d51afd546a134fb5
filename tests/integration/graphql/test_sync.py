"""`sync`: one event for each followed id with its revision now, then whatever is greater."""

from typing import Any
from uuid import UUID

import pytest

from api.graphql.relay import global_id
from tests.integration.following import TRANSPORTS, Stream, subscribed
from tests.support.operations import SYNC
from tests.support.server import Running

transports = pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)

UNKNOWN = global_id("Chat", UUID(int=1_000))


async def first(stream: Stream, count: int) -> dict[str, Any]:
    """The first events, by id; each id is told of once."""
    events = [await stream.next() for _ in range(count)]
    assert len({event["id"] for event in events}) == count
    return {event["id"]: event for event in events}


@transports
async def test_each_id_is_told_of_once_with_its_revision_now(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    chat, other = await ann.create_chat(), await ann.create_chat()
    revisions = await ann.ask("{ viewer { id revision chats { edges { node { id revision } } } } }")
    async with subscribed(ann, transport, SYNC, ids=[chat, ann.viewer_id, other]) as sync:
        events = await first(sync, 3)
    expected = [revisions["viewer"], *(edge["node"] for edge in revisions["viewer"]["chats"]["edges"])]
    assert events == {one["id"]: {"id": one["id"], "revision": one["revision"], "deleted": False} for one in expected}


@transports
async def test_what_changes_is_told_with_the_greater_revision(server: Running, transport: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    async with subscribed(bob, transport, SYNC, ids=[chat]) as sync:
        before = await sync.next()
        await ann.mutate("renameChat", chatId=chat, title="Plans")
        assert await sync.next() == {**before, "revision": before["revision"] + 1}


@transports
async def test_an_id_given_twice_is_followed_once(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    chat, other = await ann.create_chat(), await ann.create_chat()
    async with subscribed(ann, transport, SYNC, ids=[chat, chat, UNKNOWN, other, UNKNOWN, chat]) as sync:
        await first(sync, 3)
        await ann.mutate("renameChat", chatId=chat, title="Plans")
        assert (await sync.next())["id"] == chat
        await ann.mutate("renameChat", chatId=other, title="Plans")
        assert (await sync.next())["id"] == other


@transports
async def test_what_cannot_be_followed_is_told_to_be_deleted_and_the_rest_goes_on(
    server: Running, transport: str
) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat, foreign = await ann.create_chat(), await bob.create_chat()
    message = (await ann.send(chat))["message"]["id"]
    gone = await ann.create_chat()
    await ann.mutate("deleteChat", chatId=gone)
    nothing = [UNKNOWN, foreign, gone, bob.viewer_id, ann.user_id, message, "nonsense", "", "\0"]
    async with subscribed(ann, transport, SYNC, ids=[*nothing, chat]) as sync:
        events = await first(sync, len(nothing) + 1)
        assert events.pop(chat)["deleted"] is False
        assert events == {id: {"id": id, "revision": 0, "deleted": True} for id in nothing}
        await ann.mutate("renameChat", chatId=chat, title="Plans")
        assert (await sync.next())["id"] == chat


@transports
async def test_what_is_deleted_is_told_and_the_rest_goes_on(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    chat, other = await ann.create_chat(), await ann.create_chat()
    async with subscribed(ann, transport, SYNC, ids=[chat, other]) as sync:
        await first(sync, 2)
        await ann.mutate("deleteChat", chatId=chat)
        assert await sync.next() == {"id": chat, "revision": 0, "deleted": True}
        await ann.mutate("renameChat", chatId=other, title="Plans")
        assert (await sync.next())["id"] == other


@transports
async def test_a_chat_that_one_loses_is_told_to_be_deleted_and_the_rest_goes_on(
    server: Running, transport: str
) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat, own = await ann.create_chat(), await bob.create_chat()
    await ann.add(chat, bob)
    async with subscribed(bob, transport, SYNC, ids=[chat, own]) as sync:
        await first(sync, 2)
        await ann.remove(chat, bob)
        await bob.mutate("renameChat", chatId=own, title="Mine")
        events: list[dict[str, Any]] = []
        while len({event["id"] for event in events if event["deleted"] or event["id"] == own}) < 2:
            events.append(await sync.next())
        await ann.mutate("renameChat", chatId=chat, title="Ours")
        await bob.mutate("renameChat", chatId=own, title="Still mine")
        assert (await sync.next())["id"] == own
    assert {"id": chat, "revision": 0, "deleted": True} in events


@transports
async def test_a_chat_that_one_is_let_into_is_told_of_although_it_was_out_of_sight(
    server: Running, transport: str
) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    async with subscribed(bob, transport, SYNC, ids=[chat]) as sync:
        assert await sync.next() == {"id": chat, "revision": 0, "deleted": True}
        await ann.mutate("renameChat", chatId=chat, title="Not for Bob")
        await ann.add(chat, bob)
        assert await sync.next() == {"id": chat, "revision": 3, "deleted": False}
        await ann.remove(chat, bob)
        assert await sync.next() == {"id": chat, "revision": 0, "deleted": True}
        await ann.add(chat, bob)
        assert await sync.next() == {"id": chat, "revision": 5, "deleted": False}


@transports
async def test_more_than_100_ids_are_refused_and_100_are_not(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    ids = [global_id("Chat", UUID(int=number)) for number in range(99)]
    async with subscribed(ann, transport, SYNC, ids=[*ids, chat, chat]) as sync:
        assert (await first(sync, 100))[chat]["deleted"] is False
    async with subscribed(ann, transport, SYNC, ids=[*ids, chat, UNKNOWN]) as sync:
        assert (await sync.refusal())["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_following_nothing_is_silent_and_no_mistake(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    async with ann.socket() as socket:
        nothing, sync = await socket.sync(), await socket.sync(chat)
        before = await sync.next()
        await ann.mutate("renameChat", chatId=chat, title="Plans")
        await nothing.quiet_until(sync, revision=before["revision"] + 1)


async def test_a_list_of_chats_is_followed_by_its_viewer(server: Running) -> None:
    """Whatever another participant does to the list arrives on one's own Viewer."""
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    async with bob.socket() as socket:
        sync = await socket.sync(bob.viewer_id)
        revision = (await sync.next())["revision"]
        await ann.add(chat, bob)
        assert (await sync.next())["revision"] == revision + 1
        await ann.send(chat, reply=False)
        assert (await sync.next())["revision"] == revision + 2
        await ann.mutate("renameChat", chatId=chat, title="Plans")
        assert (await sync.next())["revision"] == revision + 3
        await ann.remove(chat, bob)
        assert (await sync.next())["revision"] == revision + 4
        await bob.create_chat()
        assert (await sync.next())["revision"] == revision + 5
