"""Messages: sent, answered, stopped, written again, edited, deleted, by those who may."""

import asyncio

import pytest
from sqlalchemy import select

from api.chats import Message, MessageRole
from api.graphql import relay
from api.replies.errors import ProviderFailed
from api.streaming.columns import Status
from tests.support.server import Running


async def test_a_message_comes_back_with_the_reply_that_is_being_started(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    content = "  Line one\n\n`line two` \U0001f469\u200d\U0001f4bb\t"
    sent = await ann.send(chat, content)
    message, reply = sent["message"], sent["reply"]
    assert (message["role"], message["status"], message["streaming"]) == ("USER", "COMPLETE", False)
    assert message["content"] == content
    assert (reply["role"], reply["status"], reply["streaming"]) == ("ASSISTANT", "STREAMING", True)
    assert (reply["content"], reply["error"]) == ("", None)
    assert {message["chatId"], reply["chatId"], sent["chat"]["id"]} == {chat}


async def test_a_message_that_asks_for_no_reply_gets_none(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    assert (await ann.send(chat, reply=False))["reply"] is None
    data = await ann.ask("query ($id: ID!) { chat(id: $id) { messages { edges { node { role } } } } }", id=chat)
    assert data["chat"]["messages"]["edges"] == [{"node": {"role": "USER"}}]


async def test_several_messages_of_a_chat_stream_at_once(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    first, second = (await ann.send(chat))["reply"], (await bob.send(chat))["reply"]
    assert (first["status"], second["status"]) == ("STREAMING", "STREAMING")
    async with server.writing(first["id"]) as text:
        text.append("to Ann")
    assert ((await server.row(first["id"])).content, (await server.row(second["id"])).streaming) == ("to Ann", True)


async def test_content_is_counted_in_bytes(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    assert (await ann.send(chat, "é" * 50_000))["message"]["content"] == "é" * 50_000
    for content in ("é" * 50_000 + "!", "", " \n"):
        error = await ann.refusal("sendMessage", chatId=chat, content=content, idempotencyKey="a key")
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_any_participant_stops_a_reply_and_its_text_stays(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = (await ann.send(chat))["reply"]
    async with ann.socket() as socket:
        stream = await socket.stream(reply["id"])
        async with server.writing(reply["id"]) as text:
            text.append("so far")
            written = await stream.until(content="so far")
            stopped = await bob.act("stopMessage", reply["id"])
        assert (stopped["status"], stopped["content"]) == ("STOPPED", "so far")
        assert stopped["revision"] == written["revision"] + 1
        assert await stream.rest() == [stopped]


@pytest.mark.parametrize("whose", ["message", "reply"])
async def test_stopping_what_is_finished_changes_nothing(server: Running, whose: str) -> None:
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat())
    async with server.writing(sent["reply"]["id"]) as text:
        text.append("done")
    before = await ann.ask("query ($id: ID!) { message(id: $id) { status revision } }", id=sent[whose]["id"])
    after = await ann.act("stopMessage", sent[whose]["id"])
    assert {name: after[name] for name in ("status", "revision")} == before["message"]
    assert after["status"] == "COMPLETE"


async def test_any_participant_has_a_finished_reply_written_again(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = (await ann.send(chat))["reply"]
    async with server.writing(reply["id"]) as text:
        text.append("thoughts", to="reasoning")
        text.append("first")
        text.set(finish_reason="stop")
    written = await server.row(reply["id"])
    again = await bob.act("regenerateMessage", reply["id"])
    assert (again["id"], again["streaming"], again["revision"]) == (reply["id"], True, written.revision + 1)
    assert (again["content"], again["reasoning"], again["finishReason"]) == ("", None, None)
    async with server.writing(reply["id"]) as text:
        text.append("second")
    assert (await server.row(reply["id"])).content == "second"


async def test_a_failed_reply_can_be_written_again_without_its_error(server: Running) -> None:
    ann = await server.person("Ann")
    reply = (await ann.send(await ann.create_chat()))["reply"]
    async with server.writing(reply["id"]) as text:
        text.append("so far")
        raise ProviderFailed("The provider broke off.")
    again = await ann.act("regenerateMessage", reply["id"])
    assert (again["status"], again["error"]) == ("STREAMING", None)


async def test_only_replies_are_written_again(server: Running) -> None:
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat())
    error = await ann.refusal("regenerateMessage", messageId=sent["message"]["id"])
    assert error["extensions"] == {"code": "FORBIDDEN"}


async def test_a_reply_is_neither_edited_nor_regenerated_while_it_streams(server: Running) -> None:
    ann = await server.person("Ann")
    reply = (await ann.send(await ann.create_chat()))["reply"]
    regenerated = await ann.refusal("regenerateMessage", messageId=reply["id"])
    edited = await ann.refusal("editMessage", messageId=reply["id"], content="mine")
    assert regenerated["extensions"] == edited["extensions"] == {"code": "CONFLICT"}


async def test_one_edits_ones_own_messages(server: Running) -> None:
    ann = await server.person("Ann")
    message = (await ann.send(await ann.create_chat(), "Helo"))["message"]
    edited = (await ann.mutate("editMessage", messageId=message["id"], content="Hello"))["message"]
    assert edited == {**message, "content": "Hello", "revision": message["revision"] + 1}
    for content in ("", "x" * 100_001):
        error = await ann.refusal("editMessage", messageId=message["id"], content=content)
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_nobody_edits_what_others_wrote(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    sent = await ann.send(chat)
    async with server.writing(sent["reply"]["id"]) as text:
        text.append("done")
    for message in (sent["message"], sent["reply"]):
        error = await bob.refusal("editMessage", messageId=message["id"], content="theirs")
        assert error["extensions"] == {"code": "FORBIDDEN"}


async def test_one_deletes_ones_own_messages_and_replies(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    sent = await ann.send(chat)
    error = await bob.refusal("deleteMessage", messageId=sent["message"]["id"])
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert await bob.mutate("deleteMessage", messageId=sent["reply"]["id"]) == {"deletedId": sent["reply"]["id"]}
    assert await ann.mutate("deleteMessage", messageId=sent["message"]["id"]) == {"deletedId": sent["message"]["id"]}
    data = await ann.ask("query ($id: ID!) { chat(id: $id) { messages { edges { cursor } } } }", id=chat)
    assert data["chat"]["messages"]["edges"] == []


async def test_deleting_a_reply_in_mid_stream_stops_its_writer(server: Running) -> None:
    ann = await server.person("Ann")
    reply = (await ann.send(await ann.create_chat()))["reply"]
    async with asyncio.timeout(20), server.writing(reply["id"]) as text:
        text.append("so far")
        await ann.mutate("deleteMessage", messageId=reply["id"])
        text.append(", and on")
        await asyncio.Event().wait()  # cancelled by the writer, which then leaves the block as usual
    assert await ann.ask("query ($id: ID!) { message(id: $id) { id } }", id=reply["id"]) == {"message": None}


async def test_messages_that_one_transaction_adds_have_positions_of_their_own(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    key, contents = relay.key_of("Chat", chat), [f"Line {number}" for number in range(30)]
    rows = [
        Message(chat_id=key, role=MessageRole.USER, content=content, status=Status.COMPLETE) for content in contents
    ]
    async with server.runtime.database.transaction() as session:
        session.add_all(rows)
    found = await server.runtime.database.read(select(Message.content, Message.position).order_by(Message.position))
    assert [row.content for row in found] == contents
    assert len({row.position for row in found}) == len(contents)
