"""Promise 4: every stream ends; its last frame equals the row, with a final status; then `complete`, then nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from api.replies.errors import ModelTimeout, ProviderFailed
from tests.support.backends import Backend
from tests.support.operations import MESSAGE
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.sockets import Subscription

End = Callable[[Running, Person, str], Awaitable[None]]


async def completes(server: Running, ann: Person, reply: str) -> None:
    async with server.writing(reply) as text:
        text.append("all of it")
        text.set(finish_reason="stop", input_tokens=1, output_tokens=2)


async def is_empty(server: Running, ann: Person, reply: str) -> None:
    async with server.writing(reply):
        pass


async def is_stopped(server: Running, ann: Person, reply: str) -> None:
    async with ann.socket() as socket, server.writing(reply) as text:
        text.append("so far")
        await (await socket.stream(reply)).until(content="so far")
        await ann.act("stopMessage", reply)


async def is_stopped_before_anybody_took_it(server: Running, ann: Person, reply: str) -> None:
    await ann.act("stopMessage", reply)


async def loses_its_provider(server: Running, ann: Person, reply: str) -> None:
    async with server.writing(reply) as text:
        text.append("so far")
        raise ProviderFailed("It broke off.")


async def loses_its_patience(server: Running, ann: Person, reply: str) -> None:
    async with server.writing(reply):
        raise ModelTimeout("It said nothing.")


async def meets_a_fault_of_ours(server: Running, ann: Person, reply: str) -> None:
    async with server.writing(reply) as text:
        text.append("so far")
        raise ZeroDivisionError


async def grows_too_long(server: Running, ann: Person, reply: str) -> None:
    async with server.writing(reply) as text:
        text.append("ü" * 50_000)
        text.append("y" * server.settings.reply_bytes)


async def is_abandoned(server: Running, ann: Person, reply: str) -> None:
    row = await server.claim(reply)
    writer = server.writer()

    async def write() -> None:
        async with writer.stream(row) as text:
            text.append("so far")
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await asyncio.sleep(0)
    await writer.tick()
    task.cancel()  # nobody ticks any more
    await asyncio.wait((task,))
    await server.let_lease_run_out(reply)


async def is_taken_by_nobody(server: Running, ann: Person, reply: str) -> None:
    await server.let_lease_run_out(reply)


ENDS: dict[End, tuple[str, str | None, str]] = {
    completes: ("COMPLETE", None, "all of it"),
    is_empty: ("COMPLETE", None, ""),
    is_stopped: ("STOPPED", None, "so far"),
    is_stopped_before_anybody_took_it: ("STOPPED", None, ""),
    loses_its_provider: ("FAILED", "PROVIDER", "so far"),
    loses_its_patience: ("FAILED", "TIMEOUT", ""),
    meets_a_fault_of_ours: ("FAILED", "INTERRUPTED", "so far"),
    grows_too_long: ("FAILED", "TOO_LONG", "ü" * 50_000 + "y" * 900_000),
    is_abandoned: ("FAILED", "INTERRUPTED", "so far"),
    is_taken_by_nobody: ("FAILED", "TIMEOUT", ""),
}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_the_last_frame_of_a_reply_equals_the_row_however_it_ends(
    server: Running, elsewhere: Running, end: End
) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    async with ann.socket() as near, ann.socket(elsewhere.port) as far:
        streams = [await near.stream(reply), await far.stream(reply)]
        for stream in streams:
            await stream.next()
        await end(server, ann, reply)
        ends = [(await stream.rest())[-1] for stream in streams]
        late = await (await near.stream(reply)).rest()
        await nothing_follows(ann, chat, *streams)
    asked = (await ann.ask(f"query ($id: ID!) {{ message(id: $id) {{ {MESSAGE} }} }}", id=reply))["message"]
    assert [*ends, *late] == [asked] * 3
    row = await server.row(reply)
    status, code, content = ENDS[end]
    assert (row.status, row.error_code, row.content, row.revision) == (status, code, content, asked["revision"])
    assert (asked["status"], asked["streaming"], asked["content"]) == (status, False, content)


async def nothing_follows(person: Person, chat: str, *streams: Subscription) -> None:
    """Whatever would still come had time to: something that was asked for later has arrived on each socket."""
    for stream in streams:
        sync = await stream.socket.sync(chat)
        await stream.quiet_until(sync, id=chat)


@pytest.mark.parametrize("how", ["deleteMessage", "deleteChat", "removeParticipant", "leaving"])
async def test_a_message_that_is_lost_to_its_reader_ends_not_found(
    server: Running, elsewhere: Running, how: str
) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    async with bob.socket() as near, bob.socket(elsewhere.port) as far:
        streams = [await near.stream(reply), await far.stream(reply)]
        for stream in streams:
            await stream.next()
        if how == "deleteMessage":
            await ann.mutate(how, messageId=reply)
        elif how == "deleteChat":
            await ann.mutate(how, chatId=chat)
        else:
            await (bob if how == "leaving" else ann).remove(chat, bob)
        for stream in streams:
            assert (await stream.refusal())["extensions"]["code"] == "NOT_FOUND"
        await nothing_follows(bob, chat, *streams)


async def test_a_reply_that_a_dying_writer_showed_nothing_of_is_written_by_another(
    server: Running, elsewhere: Running
) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with ann.socket(elsewhere.port) as socket:
        stream = await socket.stream(reply)
        before = await stream.next()
        await server.claim(reply)
        await server.let_lease_run_out(reply)
        await server.runtime.sweep.once()
        async with server.writing(reply) as text:
            text.append("at last")
        last = (await stream.rest())[-1]
    assert (before["content"], last["content"], last["status"]) == ("", "at last", "COMPLETE")


async def test_replies_end_by_themselves_in_a_server_that_writes_them(backend: Backend) -> None:
    settings = backend.settings(model="scripted?chars=600&rate=0&think=40")
    async with serving(settings, replies=True) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat()
        async with ann.socket() as socket:
            replies = [await ann.prompt(chat, f"Question {number}") for number in range(5)]
            for reply in replies:
                last = (await (await socket.stream(reply)).rest())[-1]
                row = await server.row(reply)
                assert (last["status"], last["content"], last["revision"]) == ("COMPLETE", row.content, row.revision)
                assert (len(row.content), last["finishReason"], bool(last["reasoning"])) == (600, "stop", True)
