"""Promise 3: revisions only rise, in the table and on the wire; a page's own is never newer than what it shows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.graphql import relay
from api.keyset import Window
from api.streaming import channels, snapshot
from tests.support.server import Running

PAGE = """query ($chat: ID!) { chat(id: $chat) { revision
    messages(last: 10) { revision edges { node { id content revision } } } } }"""
LIST = "{ viewer { revision chats { revision edges { node { id title revision } } } } }"


async def test_every_update_raises_a_message_by_one_and_a_regeneration_goes_on_from_there(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    revisions = [(await server.row(reply)).revision]
    async with ann.socket() as socket:
        for _ in range(2):
            stream = await socket.stream(reply)
            await stream.next()
            async with server.writing(reply) as text:
                for content in ("a", "ab", "abc"):
                    text.append(content[-1])
                    revisions.append((await stream.until(content=content))["revision"])
            revisions.append((await stream.rest())[-1]["revision"])
            revisions.append((await ann.act("regenerateMessage", reply))["revision"])
    assert revisions == list(range(1, len(revisions) + 1))
    assert (await server.row(reply)).revision == revisions[-1]


async def test_what_arrives_late_twice_or_out_of_order_never_takes_a_newer_text_back(server: Running) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    channel = channels.stream("messages", relay.key_of("Message", reply))
    seen: list[str] = []
    async with ann.socket() as socket:
        stream = await socket.stream(reply)
        await stream.next()
        async with server.writing(reply) as text:
            for content in ("a", "ab", "abc", "abcd"):
                text.append(content[-1])
                await stream.until(content=content)
                seen.append(snapshot.encode(snapshot.values_of(await server.row(reply))))
                for old in reversed(seen):
                    await server.runtime.bus.publish(channel, old)
        (last,) = await stream.rest()  # none of those came between
    assert (last["content"], last["status"]) == ("abcd", "COMPLETE")


async def test_a_revision_that_arrives_late_is_not_told(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    channel = channels.sync("chats", relay.key_of("Chat", chat))
    async with ann.socket() as socket:
        sync = await socket.sync(chat)
        told = [(await sync.next())["revision"]]
        for title in "abc":
            await ann.mutate("renameChat", chatId=chat, title=title)
            told.append((await sync.next())["revision"])
            for old in reversed(told):
                await server.runtime.bus.publish(channel, str(old))
        await ann.mutate("renameChat", chatId=chat, title="d")
        told.append((await sync.next())["revision"])
    assert told == [1, 2, 3, 4, 5]


async def test_many_who_write_at_once_raise_a_chat_by_one_each(server: Running) -> None:
    people = [await server.person(name) for name in ("Ann", "Bob", "Cy")]
    ann = people[0]
    chat = await ann.create_chat()
    for other in people[1:]:
        await ann.add(chat, other)
    async with ann.socket() as socket:
        sync = await socket.sync(chat)
        before = (await sync.next())["revision"]
        sent = await asyncio.gather(*(person.send(chat, reply=False) for person in people for _ in range(8)))
        told = [before]
        while told[-1] < before + 24:
            told.append((await sync.next())["revision"])
    assert told == sorted(set(told))
    assert sorted(payload["chat"]["revision"] for payload in sent)[-1] == before + 24
    assert (await ann.ask(PAGE, chat=chat))["chat"]["revision"] == before + 24


async def test_a_page_of_messages_that_changes_while_it_is_read_carries_the_revision_from_before(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()

    async def send() -> int:
        return int((await ann.send(chat, "in between", reply=False))["chat"]["revision"])

    changed = _between_the_revision_and_the_rows(monkeypatch, send)
    page = (await ann.ask(PAGE, chat=chat))["chat"]["messages"]
    assert (page["revision"], await changed) == (1, 2)
    assert len(page["edges"]) <= 1


async def test_a_list_of_chats_that_changes_while_it_is_read_carries_the_revision_from_before(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await server.person("Ann")

    async def create() -> int:
        await ann.create_chat("in between")
        return int((await ann.ask("{ viewer { revision } }"))["viewer"]["revision"])

    changed = _between_the_revision_and_the_rows(monkeypatch, create)
    page = (await ann.ask(LIST))["viewer"]["chats"]
    assert (page["revision"], await changed) == (1, 2)
    assert len(page["edges"]) <= 1


def _between_the_revision_and_the_rows(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[], Awaitable[int]]
) -> asyncio.Future[int]:
    """Have this happen once a page's revision was read, and before its rows are: the page then asks again, as it
    should. Were the rows read first, it would show too little and never know."""
    read = Window.read
    changed = asyncio.get_running_loop().create_future()

    async def late(window: Window, *args: Any, **kwargs: Any) -> Any:
        if not changed.done():
            changed.set_result(await change())
        return await read(window, *args, **kwargs)

    monkeypatch.setattr(Window, "read", late)
    return changed
