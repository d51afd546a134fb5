"""What the viewer may not see does not exist: the same answer, to the letter, for the unknown and the foreign."""

from typing import Any
from uuid import UUID

import pytest

from api.graphql.relay import global_id
from tests.support.people import Person
from tests.support.server import Running

NOWHERE = UUID("0198f0e0-0000-7000-8000-000000000000")

ON_CHATS: dict[str, dict[str, Any]] = {
    "renameChat": {"title": "Mine"},
    "deleteChat": {},
    "addParticipant": {"email": "ann@example.com"},
    "removeParticipant": {"userId": global_id("User", NOWHERE)},
    "sendMessage": {"content": "Hello", "idempotencyKey": "a key"},
}

ON_MESSAGES: dict[str, dict[str, Any]] = {
    "stopMessage": {},
    "regenerateMessage": {},
    "editMessage": {"content": "Mine"},
    "deleteMessage": {},
}


@pytest.mark.parametrize("mutation", ON_CHATS)
async def test_a_foreign_chat_is_refused_like_an_unknown_one(server: Running, mutation: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    foreign = await bob.create_chat()
    input = ON_CHATS[mutation]
    error = await ann.refusal(mutation, chatId=foreign, **input)
    assert error["extensions"] == {"code": "NOT_FOUND"}
    assert error == await ann.refusal(mutation, chatId=global_id("Chat", NOWHERE), **input)


@pytest.mark.parametrize("mutation", ON_CHATS)
async def test_a_chat_that_one_was_taken_out_of_is_refused_like_an_unknown_one(server: Running, mutation: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    former = await bob.create_chat()
    await bob.add(former, ann)
    await bob.remove(former, ann)
    input = ON_CHATS[mutation]
    error = await ann.refusal(mutation, chatId=former, **input)
    assert error == await ann.refusal(mutation, chatId=global_id("Chat", NOWHERE), **input)


@pytest.mark.parametrize("which", ["message", "reply"])
@pytest.mark.parametrize("mutation", ON_MESSAGES)
async def test_a_foreign_message_is_refused_like_an_unknown_one(server: Running, mutation: str, which: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    foreign = (await bob.send(await bob.create_chat()))[which]["id"]
    input = ON_MESSAGES[mutation]
    error = await ann.refusal(mutation, messageId=foreign, **input)
    assert error["extensions"] == {"code": "NOT_FOUND"}
    assert error == await ann.refusal(mutation, messageId=global_id("Message", NOWHERE), **input)


async def test_taking_out_somebody_unknown_is_refused_like_taking_out_a_stranger(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    stranger = await ann.refusal("removeParticipant", chatId=chat, userId=bob.user_id)
    unknown = await ann.refusal("removeParticipant", chatId=chat, userId=global_id("User", NOWHERE))
    assert stranger == unknown
    assert stranger["extensions"] == {"code": "NOT_FOUND"}


async def foreign_ids(bob: Person) -> dict[str, str]:
    chat = await bob.create_chat()
    message = (await bob.send(chat))["message"]["id"]
    return {"Chat": chat, "Message": message, "User": bob.user_id, "Viewer": bob.viewer_id}


@pytest.mark.parametrize("kind", ["Chat", "Message", "User", "Viewer"])
async def test_queries_answer_null_for_the_foreign_and_the_unknown(server: Running, kind: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    documents = ["query ($id: ID!) { node(id: $id) { id } }"]
    if kind in ("Chat", "Message"):
        documents.append(f"query ($id: ID!) {{ {kind.lower()}(id: $id) {{ id }} }}")
    foreign = (await foreign_ids(bob))[kind]
    for document in documents:
        for id in (foreign, global_id(kind, NOWHERE), global_id("Planet", NOWHERE) if "node" in document else foreign):
            assert set((await ann.ask(document, id=id)).values()) == {None}
            assert set((await server.stranger().ask(document, id=id)).values()) == {None}


async def test_a_stream_of_a_foreign_message_is_refused_like_an_unknown_one(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    foreign = await bob.prompt()
    async with ann.socket() as socket:
        error = await (await socket.stream(foreign)).refusal()
        assert error["extensions"] == {"code": "NOT_FOUND"}
        assert error == await (await socket.stream(global_id("Message", NOWHERE))).refusal()


async def test_sync_says_of_the_foreign_what_it_says_of_the_unknown(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    ids = [await bob.create_chat(), bob.viewer_id, global_id("Chat", NOWHERE)]
    async with ann.socket() as socket:
        sync = await socket.sync(*ids)
        events = [await sync.next() for _ in ids]
    assert sorted(event["id"] for event in events) == sorted(ids)
    assert {(event["revision"], event["deleted"]) for event in events} == {(0, True)}


@pytest.mark.parametrize("mutation", [*ON_CHATS, *ON_MESSAGES, "createChat"])
async def test_who_is_signed_out_changes_nothing(server: Running, mutation: str) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    target = {"messageId": (await ann.send(chat))["message"]["id"]} if mutation in ON_MESSAGES else {"chatId": chat}
    if mutation == "createChat":
        target = {}
    input = {**target, **ON_CHATS.get(mutation, {}), **ON_MESSAGES.get(mutation, {})}
    error = await server.stranger().refusal(mutation, **input)
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_who_is_signed_out_follows_nothing(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    async with server.stranger().socket() as socket:
        for subscription in (await socket.stream(reply), await socket.sync(chat)):
            assert (await subscription.refusal())["extensions"] == {"code": "UNAUTHENTICATED"}
