"""`messageStream`: the full message at once, with each update and at the end; then `complete`, then nothing."""

import pytest

from api.replies.errors import ProviderFailed
from tests.integration.following import TRANSPORTS, subscribed
from tests.support.operations import STREAM
from tests.support.server import Running

ALL_OF_IT = """id chatId role content reasoning status streaming revision model finishReason createdAt updatedAt
    author { id name } error { code message } usage { inputTokens outputTokens } chat { id title }"""

transports = pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)


@transports
async def test_a_reader_gets_the_full_message_each_time_and_at_last_the_row(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with subscribed(ann, transport, STREAM, id=reply) as stream:
        first = await stream.next()
        async with server.writing(reply) as text:
            text.append("one")
            second = await stream.until(content="one")
            text.append(" two")
            third = await stream.until(content="one two")
        rest = await stream.rest()
    last = rest[-1]
    assert (first["content"], first["status"]) == ("", "STREAMING")
    assert first.keys() == second.keys() == last.keys()
    assert (last["content"], last["status"], last["streaming"]) == ("one two", "COMPLETE", False)
    revisions = [frame["revision"] for frame in (first, second, third, *rest)]
    assert revisions == sorted(set(revisions))
    row = await server.row(reply)
    assert (row.content, row.status, row.revision) == (last["content"], last["status"], last["revision"])


@transports
async def test_who_comes_late_gets_everything_so_far_at_once(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with server.writing(reply) as text:
        text.append("all of it")
        async with ann.socket() as socket:
            await (await socket.stream(reply)).until(content="all of it")
        async with subscribed(ann, transport, STREAM, id=reply) as stream:
            frame = await stream.next()
            assert (frame["content"], frame["status"]) == ("all of it", "STREAMING")


@transports
async def test_who_comes_after_the_end_gets_the_final_message_and_the_end(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat(), "Hello")
    async with server.writing(sent["reply"]["id"]) as text:
        text.append("done")
    for id, content in ((sent["reply"]["id"], "done"), (sent["message"]["id"], "Hello")):
        async with subscribed(ann, transport, STREAM, id=id) as stream:
            (frame,) = await stream.rest()
            assert (frame["content"], frame["status"]) == (content, "COMPLETE")


@transports
async def test_a_reply_that_fails_ends_with_its_error(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with subscribed(ann, transport, STREAM, id=reply) as stream:
        async with server.writing(reply) as text:
            text.append("so far")
            raise ProviderFailed("It broke off. Ask again.")
        last = (await stream.rest())[-1]
    assert (last["content"], last["status"]) == ("so far", "FAILED")
    assert last["error"] == {"code": "PROVIDER", "message": "It broke off. Ask again."}


@transports
async def test_a_deleted_message_ends_not_found(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with subscribed(ann, transport, STREAM, id=reply) as stream:
        await stream.next()
        await ann.mutate("deleteMessage", messageId=reply)
        assert (await stream.refusal())["extensions"] == {"code": "NOT_FOUND"}


@transports
async def test_a_deleted_chat_ends_the_streams_of_its_messages(server: Running, transport: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    async with subscribed(bob, transport, STREAM, id=reply) as stream:
        await stream.next()
        await ann.mutate("deleteChat", chatId=chat)
        assert (await stream.refusal())["extensions"] == {"code": "NOT_FOUND"}


@transports
async def test_who_leaves_the_chat_sees_the_end_like_a_deletion(server: Running, transport: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    async with (
        subscribed(bob, transport, STREAM, id=reply) as of_bob,
        subscribed(ann, transport, STREAM, id=reply) as of_ann,
    ):
        await of_bob.next()
        await of_ann.next()
        await bob.remove(chat, bob)
        lost = await of_bob.refusal()
        assert lost["extensions"] == {"code": "NOT_FOUND"}
        await ann.mutate("deleteMessage", messageId=reply)
        assert await of_ann.refusal() == lost


@transports
async def test_a_regenerated_reply_streams_again_with_revisions_that_rise_on(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with server.writing(reply) as text:
        text.append("first")
    again = await ann.act("regenerateMessage", reply)
    async with subscribed(ann, transport, STREAM, id=reply) as stream:
        assert await stream.next() == again
        async with server.writing(reply) as text:
            text.append("second")
        rest = await stream.rest()
    assert rest[-1]["content"] == "second"
    revisions = [again["revision"], *(frame["revision"] for frame in rest)]
    assert revisions == sorted(set(revisions))


@transports
async def test_every_field_may_be_selected(server: Running, transport: str) -> None:
    """Those that read more than the message itself, too, and moments, which are text on the bus."""
    ann = await server.person("Ann")
    chat = await ann.create_chat("Plans")
    sent = await ann.send(chat, "Hello")
    reply = sent["reply"]["id"]
    follow = f"subscription ($id: ID!) {{ messageStream(id: $id) {{ {ALL_OF_IT} }} }}"
    find = f"query ($id: ID!) {{ message(id: $id) {{ {ALL_OF_IT} }} }}"
    async with subscribed(ann, transport, follow, id=reply) as stream:
        await stream.next()
        async with server.writing(reply) as text:
            text.append("done")
            text.set(input_tokens=3, output_tokens=1)
            await stream.until(content="done")
        last = (await stream.rest())[-1]
    assert last == (await ann.ask(find, id=reply))["message"]
    async with subscribed(ann, transport, follow, id=sent["message"]["id"]) as stream:
        assert await stream.rest() == [(await ann.ask(find, id=sent["message"]["id"]))["message"]]


@transports
async def test_a_malformed_id_and_a_foreign_kind_of_id_are_refused(server: Running, transport: str) -> None:
    ann = await server.person("Ann")
    for id in ("nonsense", "", await ann.create_chat(), ann.viewer_id):
        async with subscribed(ann, transport, STREAM, id=id) as stream:
            assert (await stream.refusal())["extensions"] == {"code": "BAD_USER_INPUT"}
