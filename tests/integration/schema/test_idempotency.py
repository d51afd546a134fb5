"""An idempotency key belongs to its author for ever: sent twice it makes one message, and stands for nothing else."""

import asyncio

import pytest

from tests.support.people import Person
from tests.support.server import Running

COUNT = "query ($id: ID!) { chat(id: $id) { messages { edges { node { id } } } } }"


async def messages_in(person: Person, chat: str) -> int:
    return len((await person.ask(COUNT, id=chat))["chat"]["messages"]["edges"])


async def test_a_repeat_gives_the_original_message_and_its_reply_as_they_are_now(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first = await ann.send(chat, key="once")
    assert await ann.send(chat, key="once") == first
    async with server.writing(first["reply"]["id"]) as text:
        text.append("done")
    again = await ann.send(chat, key="once")
    assert again["message"] == first["message"]
    assert (again["reply"]["id"], again["reply"]["content"]) == (first["reply"]["id"], "done")
    assert again["reply"]["status"] == "COMPLETE"
    assert await messages_in(ann, chat) == 2


async def test_a_repeat_raises_no_revision(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first = await ann.send(chat, key="once")
    assert (await ann.send(chat, key="once"))["chat"] == first["chat"]


async def test_repeats_at_the_same_moment_make_one_message(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    sent = await asyncio.gather(*(ann.send(chat, key="once") for _ in range(10)))
    assert len({(one["message"]["id"], one["reply"]["id"]) for one in sent}) == 1
    assert await messages_in(ann, chat) == 2


async def test_another_key_makes_another_message_of_the_same_words(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    assert (await ann.send(chat, key="one"))["message"]["id"] != (await ann.send(chat, key="two"))["message"]["id"]


async def test_a_key_stands_for_one_content_and_one_chat(server: Running) -> None:
    ann = await server.person("Ann")
    chat, other = await ann.create_chat(), await ann.create_chat()
    await ann.send(chat, "Hello", key="once")
    for where, content in ((chat, "Hello!"), (other, "Hello")):
        error = await ann.refusal("sendMessage", chatId=where, content=content, idempotencyKey="once")
        assert error["extensions"] == {"code": "CONFLICT"}
    assert await messages_in(ann, other) == 0


async def test_others_have_keys_of_their_own(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    anns, bobs = await ann.send(chat, key="once"), await bob.send(chat, key="once")
    assert anns["message"]["id"] != bobs["message"]["id"]


async def test_a_key_goes_on_standing_for_what_was_sent_when_that_is_edited(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first = await ann.send(chat, "Helo", key="once")
    await ann.mutate("editMessage", messageId=first["message"]["id"], content="Hello")
    again = await ann.send(chat, "Helo", key="once")
    assert (again["message"]["id"], again["message"]["content"]) == (first["message"]["id"], "Hello")
    error = await ann.refusal("sendMessage", chatId=chat, content="Hello", idempotencyKey="once")
    assert error["extensions"] == {"code": "CONFLICT"}


async def test_a_late_repeat_does_not_bring_a_deleted_message_back(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first = await ann.send(chat, "Hello", key="once", reply=False)
    await ann.mutate("deleteMessage", messageId=first["message"]["id"])
    error = await ann.refusal("sendMessage", chatId=chat, content="Hello", idempotencyKey="once")
    assert error["extensions"] == {"code": "CONFLICT"}
    assert await messages_in(ann, chat) == 0


async def test_a_repeat_whose_reply_was_deleted_gives_the_message_alone(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first = await ann.send(chat, key="once")
    await ann.mutate("deleteMessage", messageId=first["reply"]["id"])
    again = await ann.send(chat, key="once")
    assert (again["message"]["id"], again["reply"]) == (first["message"]["id"], None)
    assert await messages_in(ann, chat) == 1


async def test_a_repeat_starts_no_reply_that_was_not_asked_for_at_first(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    first = await ann.send(chat, key="once", reply=False)
    assert await ann.send(chat, key="once", reply=True) == first
    assert await messages_in(ann, chat) == 1


@pytest.mark.parametrize("gone", ["deleted", "left"])
async def test_a_repeat_in_a_chat_that_one_lost_is_not_found(server: Running, gone: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    await bob.send(chat, "Hello", key="once")
    if gone == "deleted":
        await ann.mutate("deleteChat", chatId=chat)
    else:
        await ann.remove(chat, bob)
    error = await bob.refusal("sendMessage", chatId=chat, content="Hello", idempotencyKey="once")
    assert error["extensions"] == {"code": "NOT_FOUND"}


async def test_a_refused_attempt_uses_up_no_key(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    foreign, own = await bob.create_chat(), await ann.create_chat()
    error = await ann.refusal("sendMessage", chatId=foreign, content="Hello", idempotencyKey="once")
    assert error["extensions"] == {"code": "NOT_FOUND"}
    assert (await ann.send(own, "Hello", key="once"))["message"]["content"] == "Hello"


async def test_a_key_has_1_to_100_characters(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    await ann.send(chat, key="k" * 100)
    for key in ("", "k" * 101):
        error = await ann.refusal("sendMessage", chatId=chat, content="Hello", idempotencyKey=key)
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
