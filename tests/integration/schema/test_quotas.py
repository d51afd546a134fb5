"""Quotas: how much one user may ask for, and what is said when it is used up."""

from typing import Any

import pytest

from tests.support.backends import Backend
from tests.support.links import link
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.until import becomes

ALLOWANCE = "{ viewer { allowance { repliesAtOnce tokensToday tokensPerDay storedBytes mostStoredBytes } } }"


async def allowance(person: Person) -> dict[str, int]:
    found: dict[str, int] = (await person.ask(ALLOWANCE))["viewer"]["allowance"]
    return found


async def code_of(person: Person, chat: str, content: str = "Hello", **more: Any) -> str:
    """The code of the refusal of a message."""
    input = {"chatId": chat, "content": content, "idempotencyKey": f"key {content[:20]} {id(more)}", **more}
    error = await person.refusal("sendMessage", **input)
    return str(error["extensions"]["code"])


async def test_messages_per_minute_are_limited_for_each_user_and_nothing_is_lost(backend: Backend) -> None:
    async with serving(backend.settings(messages_per_minute=3)) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        chat = await ann.create_chat()
        await ann.add(chat, bob)
        message = (await ann.send(chat, "one", reply=False))["message"]["id"]
        await ann.mutate("editMessage", messageId=message, content="two")
        await ann.send(chat, "three", reply=False)
        error = await ann.refusal("sendMessage", chatId=chat, content="four", idempotencyKey="four", reply=False)
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert error["extensions"]["retryAfter"] > 0
        await bob.send(chat, "Another user is not held up", reply=False)
        texts = "query ($c: ID!) { chat(id: $c) { messages(last: 10) { edges { node { content } } } } }"
        edges = (await ann.ask(texts, c=chat))["chat"]["messages"]["edges"]
        assert [edge["node"]["content"] for edge in edges] == ["two", "three", "Another user is not held up"]


async def test_replies_from_outside_count_as_messages(backend: Backend) -> None:
    async with serving(backend.settings(messages_per_minute=1)) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        await ann.mutate("startReply", chatId=chat, idempotencyKey="one")
        error = await ann.refusal("startReply", chatId=chat, idempotencyKey="two")
        assert error["extensions"]["code"] == "RATE_LIMITED"


async def test_stored_bytes_are_limited_and_deleting_makes_room(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.chats.quotas.STORED_SECONDS", 0)
    async with serving(backend.settings(stored_bytes=1000)) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        chat = await ann.create_chat()
        await ann.add(chat, bob)
        sent = await ann.send(chat, "é" * 300, key="first", reply=False)
        assert (await allowance(ann))["storedBytes"] == 600
        assert await code_of(ann, chat, "é" * 300, reply=False) == "LIMIT_EXCEEDED"
        again = await ann.send(chat, "é" * 300, key="first", reply=False)
        assert again["message"]["id"] == sent["message"]["id"], "a repeat stores nothing"
        error = await ann.refusal("editMessage", messageId=sent["message"]["id"], content="x" * 1001)
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        await ann.mutate("editMessage", messageId=sent["message"]["id"], content="x" * 400)
        await bob.send(chat, "y" * 900, reply=False)
        assert ((await allowance(ann))["storedBytes"], (await allowance(bob))["storedBytes"]) == (400, 900)
        await ann.mutate("deleteMessage", messageId=sent["message"]["id"])
        await ann.send(chat, "z" * 900, reply=False)


async def test_a_process_counts_what_was_sent_through_it_between_two_sums(backend: Backend) -> None:
    async with serving(backend.settings(stored_bytes=1000)) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        await ann.send(chat, "x" * 600, reply=False)
        assert await code_of(ann, chat, "y" * 600, reply=False) == "LIMIT_EXCEEDED"
        assert (await allowance(ann))["mostStoredBytes"] == 1000


async def test_a_reply_counts_for_the_user_who_asked_or_regenerated_it(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.chats.quotas.STORED_SECONDS", 0)
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    async with server.writing(reply) as text:
        text.append("x" * 100)
    assert ((await allowance(ann))["storedBytes"], (await allowance(bob))["storedBytes"]) == (105, 0)
    await bob.act("regenerateMessage", reply)
    async with server.writing(reply) as text:
        text.append("x" * 50)
    assert ((await allowance(ann))["storedBytes"], (await allowance(bob))["storedBytes"]) == (5, 50)


@pytest.mark.parametrize("ending", ["COMPLETE", "STOPPED", "FAILED"])
async def test_tokens_of_a_day_are_counted_however_the_reply_ends(backend: Backend, ending: str) -> None:
    model = "scripted?chars=400&rate=0" if ending == "COMPLETE" else "scripted?chars=100000&rate=400"
    reply_bytes = 100 if ending == "FAILED" else 1_000_000
    settings = backend.settings(tokens_per_day=50, model=model, reply_bytes=reply_bytes, grace_seconds=1)
    async with serving(settings, replies=True) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        chat = await ann.create_chat()
        reply = await ann.prompt(chat, "Tell me all of it" * 20)
        async with ann.socket() as socket:
            stream = await socket.stream(reply)
            while len((await stream.next())["content"]) < 40:
                pass
            if ending == "STOPPED":
                await ann.act("stopMessage", reply)
            assert (await stream.rest() or [{"status": ending}])[-1]["status"] == ending
        await becomes(lambda: allowance(ann), lambda now: now["tokensToday"] >= 50)
        assert await code_of(ann, chat, "More") == "LIMIT_EXCEEDED"
        error = await ann.refusal("regenerateMessage", messageId=reply)
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        await ann.send(chat, "A message without a reply costs none", reply=False)
        assert (await allowance(bob))["tokensToday"] == 0
        await bob.prompt()


async def test_so_many_replies_wait_and_the_next_is_refused(backend: Backend) -> None:
    async with serving(backend.settings(replies_at_once=2)) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        for _ in range(22):
            await ann.prompt()
        assert await code_of(ann, await ann.create_chat()) == "LIMIT_EXCEEDED"
        await ann.send(await ann.create_chat(), "Without a reply", reply=False)
        await bob.prompt()
        assert (await allowance(ann))["repliesAtOnce"] == 2


async def test_a_guest_has_no_allowance(server: Running) -> None:
    ann = await server.person("Ann")
    _, token = await link(ann, await ann.create_chat())
    assert (await server.bearer(token).ask(ALLOWANCE))["viewer"] is None
