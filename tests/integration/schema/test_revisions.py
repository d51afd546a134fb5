"""Each transaction raises an object's revision by exactly 1, however much it changes; nothing else raises it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.people import Person
from tests.support.server import Running

REVISIONS = """query ($chat: ID!, $message: ID!, $reply: ID!) { viewer { revision }
    chat(id: $chat) { revision } message(id: $message) { revision } reply: message(id: $reply) { revision } }"""


@dataclass
class Chat:
    """A chat of Ann's, with Bob in it, a message and its finished reply; Cat is not in it."""

    id: str
    message: str
    reply: str
    server: Running
    ann: Person
    bob: Person
    cat: Person

    async def revisions(self, person: Person) -> dict[str, int | None]:
        """By name; None for what is not there for this person."""
        data = await person.ask(REVISIONS, chat=self.id, message=self.message, reply=self.reply)
        return {name: found and found["revision"] for name, found in data.items()}


async def chat_of(server: Running) -> Chat:
    ann, bob, cat = await server.person("Ann"), await server.person("Bob"), await server.person("Cat")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    sent = await ann.send(chat)
    async with server.writing(sent["reply"]["id"]) as text:
        text.append("done")
    return Chat(chat, sent["message"]["id"], sent["reply"]["id"], server, ann, bob, cat)


async def stop(chat: Chat) -> None:
    await chat.ann.act("stopMessage", chat.reply)


Act = Callable[[Chat], Awaitable[Any]]

# What each does to (both participants' Viewers, the chat, the message, its reply).
ACTS: dict[str, tuple[Act, tuple[int, int, int, int]]] = {
    "a rename": (lambda chat: chat.bob.mutate("renameChat", chatId=chat.id, title="Plans"), (1, 1, 0, 0)),
    "a message with a reply": (lambda chat: chat.bob.send(chat.id), (1, 1, 0, 0)),
    "a message without": (lambda chat: chat.bob.send(chat.id, reply=False), (1, 1, 0, 0)),
    "an edit": (lambda chat: chat.ann.mutate("editMessage", messageId=chat.message, content="Hi"), (1, 1, 1, 0)),
    "a regeneration": (lambda chat: chat.bob.act("regenerateMessage", chat.reply), (1, 1, 0, 1)),
    "a newcomer": (lambda chat: chat.ann.add(chat.id, chat.cat), (1, 1, 0, 0)),
    "a newcomer who is in already": (lambda chat: chat.ann.add(chat.id, chat.bob), (0, 0, 0, 0)),
    "a stop of what is finished": (stop, (0, 0, 0, 0)),
    "a refused edit": (
        lambda chat: chat.bob.refusal("editMessage", messageId=chat.message, content="Hi"),
        (0, 0, 0, 0),
    ),
    "another chat": (lambda chat: chat.cat.create_chat(), (0, 0, 0, 0)),
}


@pytest.mark.parametrize(("act", "rise"), ACTS.values(), ids=ACTS)
async def test_what_one_act_raises(server: Running, act: Act, rise: tuple[int, int, int, int]) -> None:
    chat = await chat_of(server)
    before = {person.email: await chat.revisions(person) for person in (chat.ann, chat.bob)}
    await act(chat)
    after = {person.email: await chat.revisions(person) for person in (chat.ann, chat.bob)}
    expected = dict(zip(("viewer", "chat", "message", "reply"), rise, strict=True))
    for email, revisions in after.items():
        assert {name: (now or 0) - (before[email][name] or 0) for name, now in revisions.items()} == expected, email


async def test_a_stop_in_mid_stream_raises_the_reply_alone(server: Running) -> None:
    chat = await chat_of(server)
    await chat.ann.act("regenerateMessage", chat.reply)
    before = await chat.revisions(chat.ann)
    await stop(chat)
    assert await chat.revisions(chat.ann) == {**before, "reply": (before["reply"] or 0) + 1}


async def test_writing_a_reply_raises_the_reply_alone(server: Running) -> None:
    chat = await chat_of(server)
    await chat.ann.act("regenerateMessage", chat.reply)
    before = await chat.revisions(chat.ann)
    async with server.writing(chat.reply) as text:
        text.append("done again")
    after = await chat.revisions(chat.ann)
    assert (after.pop("reply") or 0) > (before.pop("reply") or 0)
    assert after == before


@pytest.mark.parametrize("when", ["finished", "in mid-stream"])
async def test_a_deletion_is_always_on_the_sync_track(server: Running, when: str) -> None:
    chat = await chat_of(server)
    if when == "in mid-stream":
        await chat.ann.act("regenerateMessage", chat.reply)
    before = await chat.revisions(chat.bob)
    await chat.ann.mutate("deleteMessage", messageId=chat.reply)
    after = await chat.revisions(chat.bob)
    assert after == {
        **before,
        "viewer": (before["viewer"] or 0) + 1,
        "chat": (before["chat"] or 0) + 1,
        "reply": None,
    }


async def test_leaving_raises_the_chat_and_the_lists_of_old_and_new_members(server: Running) -> None:
    chat = await chat_of(server)
    before = {person.email: await chat.revisions(person) for person in (chat.ann, chat.bob)}
    await chat.ann.remove(chat.id, chat.ann)  # who was its owner, so that this hands over too
    ann, bob = await chat.revisions(chat.ann), await chat.revisions(chat.bob)
    assert ann == {"viewer": (before[chat.ann.email]["viewer"] or 0) + 1, "chat": None, "message": None, "reply": None}
    was = before[chat.bob.email]
    assert bob == {**was, "viewer": (was["viewer"] or 0) + 1, "chat": (was["chat"] or 0) + 1}


async def test_deleting_a_chat_raises_everybodys_list_by_one(server: Running) -> None:
    chat = await chat_of(server)
    before = [await chat.revisions(person) for person in (chat.ann, chat.bob)]
    await chat.ann.mutate("deleteChat", chatId=chat.id)
    after = [await chat.revisions(person) for person in (chat.ann, chat.bob)]
    assert [one["viewer"] for one in after] == [(one["viewer"] or 0) + 1 for one in before]
    assert {one["chat"] for one in after} == {None}


async def test_each_field_of_one_request_is_a_transaction_of_its_own(server: Running) -> None:
    chat = await chat_of(server)
    before = (await chat.revisions(chat.ann))["chat"] or 0
    twice = """mutation ($id: ID!) {
        first: renameChat(input: { chatId: $id, title: "One" }) { chat { revision title } }
        second: renameChat(input: { chatId: $id, title: "Two" }) { chat { revision title } } }"""
    data = await chat.ann.ask(twice, id=chat.id)
    assert data["first"]["chat"] == {"revision": before + 1, "title": "One"}
    assert data["second"]["chat"] == {"revision": before + 2, "title": "Two"}


async def test_an_answer_carries_the_revision_that_it_raised(server: Running) -> None:
    chat = await chat_of(server)
    before = await chat.revisions(chat.ann)
    sent = await chat.ann.send(chat.id)
    assert sent["chat"]["revision"] == (before["chat"] or 0) + 1 == (await chat.revisions(chat.ann))["chat"]
    assert (sent["message"]["revision"], sent["reply"]["revision"]) == (1, 1)
