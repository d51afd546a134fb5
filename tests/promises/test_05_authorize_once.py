"""Promise 5: one permission query per subscription and none per update; whoever is taken out gets nothing more."""

import asyncio
from contextlib import AbstractContextManager, AsyncExitStack

import pytest

from api.streaming.guard import tables_changed_by
from tests.support.backends import Backend
from tests.support.links import guest
from tests.support.server import Running, serving
from tests.support.statements import sent_to
from tests.support.until import PATIENCE_SECONDS

NO_SWEEP = 3_600.0
"""What arrives all the same came over the bus."""


def permissions(*servers: Running) -> AbstractContextManager[list[str]]:
    """The statements that ask who takes part, on all of these."""
    databases = (server.runtime.database for server in servers)
    return sent_to(*databases, like=lambda statement: "participations" in statement)


def reads(server: Running) -> AbstractContextManager[list[str]]:
    """All statements that read."""
    return sent_to(
        server.runtime.database,
        like=lambda statement: statement.upper().startswith(("SELECT", "WITH")) and not tables_changed_by(statement),
    )


async def test_a_stream_asks_once_in_the_query_that_reads_the_snapshot_and_never_again(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=NO_SWEEP)) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            with permissions(server) as asked, reads(server) as made:
                stream = await socket.stream(reply)
                await stream.next()
                assert made == asked
                async with server.writing(reply) as text:
                    for number in range(10):
                        text.append(str(number))
                        await stream.until(content="".join(map(str, range(number + 1))))
                assert (await stream.rest())[-1]["status"] == "COMPLETE"
            assert len(asked) == 1
            assert "messages.content" in asked[0]
            assert made == asked  # an update costs no read at all


async def test_each_of_many_streams_asks_for_itself_and_once(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=NO_SWEEP)) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        chat = await ann.create_chat()
        await ann.add(chat, bob)
        reply = await ann.prompt(chat)
        async with ann.socket() as anns, bob.socket() as bobs:
            with permissions(server) as asked:
                streams = [await socket.stream(reply) for socket in (anns, bobs) for _ in range(5)]
                for stream in streams:
                    await stream.next()
                async with server.writing(reply) as text:
                    text.append("for all")
                for stream in streams:
                    assert (await stream.rest())[-1]["content"] == "for all"
            assert len(asked) == 10


async def test_a_sync_asks_once_for_all_its_ids_and_never_again(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=NO_SWEEP)) as server:
        ann = await server.person("Ann")
        chats = [await ann.create_chat() for _ in range(5)]
        async with ann.socket() as socket:
            with reads(server) as made:
                sync = await socket.sync(ann.viewer_id, *chats)
                for _ in range(6):
                    await sync.next()
                assert len(made) == 1
                assert "participations" in made[0]
            with permissions(server) as before:
                await ann.mutate("renameChat", chatId=chats[0], title="b")
            with permissions(server) as after:
                await ann.mutate("renameChat", chatId=chats[0], title="c")
                await sync.until(id=chats[0], revision=3)
            assert len(after) == len(before)  # the mutation's own


async def test_the_sweep_asks_for_nobodys_permission(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    async with ann.socket() as socket:
        stream, sync = await socket.stream(reply), await socket.sync(chat)
        await stream.next()
        await sync.next()
        with permissions(server) as asked:
            for _ in range(3):
                await server.runtime.sweep.once()
        assert asked == []


async def test_whoever_is_taken_out_gets_nothing_more_on_any_process(backend: Backend) -> None:
    settings = backend.settings(patience_seconds=NO_SWEEP)
    async with serving(settings) as server, serving(settings) as other:
        elsewhere = server if settings.one_process else other
        ann, bob = await server.person("Ann"), await server.person("Bob")
        chat, kept = await ann.create_chat(), await bob.create_chat()
        await ann.add(chat, bob)
        reply = await ann.prompt(chat)
        async with bob.socket() as near, bob.socket(elsewhere.port) as far, ann.socket() as anns:
            streams = [await socket.stream(reply) for socket in (near, far)]
            syncs = [await socket.sync(chat, kept) for socket in (near, far)]
            anns_stream, anns_sync = await anns.stream(reply), await anns.sync(chat)
            for subscription in (*streams, *syncs, *syncs, anns_stream, anns_sync):
                await subscription.next()
            async with server.writing(reply) as text:
                await ann.remove(chat, bob)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    for stream in streams:
                        assert (await stream.refusal())["extensions"]["code"] == "NOT_FOUND"
                    for sync in syncs:
                        await sync.until(id=chat, revision=0, deleted=True)
                text.append("not for Bob")
                await anns_stream.until(content="not for Bob")
            await ann.mutate("renameChat", chatId=chat, title="nor this")
            await anns_sync.until(revision=5)
            await bob.mutate("renameChat", chatId=kept, title="his own")
            for sync in syncs:  # it goes on for what is still his, and is silent about what is not
                assert await sync.next() == {"id": kept, "revision": 2, "deleted": False}
            assert all(stream.received.empty() for stream in streams)
            assert (await anns_stream.rest())[-1]["status"] == "COMPLETE"


async def test_whoever_is_taken_out_while_the_bus_loses_the_word_is_found_by_the_sweep(
    server: Running, elsewhere: Running
) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    async with bob.socket() as near, bob.socket(elsewhere.port) as far:
        streams = [await socket.stream(reply) for socket in (near, far)]
        syncs = [await socket.sync(chat) for socket in (near, far)]
        for subscription in (*streams, *syncs):
            await subscription.next()
        with server.silent():
            await ann.remove(chat, bob)
            for stream in streams:
                assert (await stream.refusal())["extensions"]["code"] == "NOT_FOUND"
            for sync in syncs:
                await sync.until(id=chat, revision=0, deleted=True)


async def test_whoever_stays_sees_nothing_of_somebody_elses_leaving_but_the_new_revision(server: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    async with ann.socket() as socket:
        stream, sync = await socket.stream(reply), await socket.sync(chat)
        first, before = await stream.next(), await sync.next()
        await ann.remove(chat, bob)
        assert (await sync.next())["revision"] == before["revision"] + 1
        async with server.writing(reply) as text:
            text.append("a")
        assert (await stream.next())["revision"] == first["revision"] + 1


async def test_whoever_lost_the_chat_cannot_follow_its_messages_anew(server: Running, elsewhere: Running) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    await ann.add(chat, bob)
    reply = await ann.prompt(chat)
    await ann.remove(chat, bob)
    for port in (server.port, elsewhere.port):
        async with bob.socket(port) as socket:
            assert (await (await socket.stream(reply)).refusal())["extensions"]["code"] == "NOT_FOUND"
            assert await (await socket.sync(chat)).next() == {"id": chat, "revision": 0, "deleted": True}


@pytest.mark.parametrize("who", ["a stranger", "somebody from another chat"])
async def test_whoever_does_not_take_part_sees_nothing(server: Running, who: str) -> None:
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    other = bob if who == "somebody from another chat" else server.stranger()
    code = "NOT_FOUND" if other is bob else "UNAUTHENTICATED"
    async with other.socket() as socket:
        assert (await (await socket.stream(reply)).refusal())["extensions"]["code"] == code


async def test_any_number_of_guests_are_authorized_by_one_query_also_after_a_removal(backend: Backend) -> None:
    async with serving(backend.settings(patience_seconds=NO_SWEEP)) as server:
        ann, bob = await server.person("Ann"), await server.person("Bob")
        chat = await ann.create_chat()
        await ann.add(chat, bob)
        reply = await ann.prompt(chat)
        eve, _ = await guest(server, ann, chat)
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(eve.socket()) for _ in range(10)]
            with permissions(server) as asked:
                streams = await asyncio.gather(*(socket.stream(reply) for socket in sockets))
                await asyncio.gather(*(stream.next() for stream in streams))
                assert len(asked) == 1
                late = await sockets[0].stream(reply)
                await late.next()
                assert len(asked) == 1
                changes = await asyncio.gather(*(socket.sync(chat) for socket in sockets))
                await asyncio.gather(*(one.next() for one in changes))
                assert len(asked) == 2
            await ann.remove(chat, bob)
            with permissions(server) as asked:
                async with server.writing(reply) as text:
                    text.append("All of them read this.")
                    for stream in (*streams, late):
                        await stream.until(content="All of them read this.")
                assert len(asked) <= 2  # for the stream and for `sync`


async def test_a_change_while_guests_arrive_is_not_lost(server: Running) -> None:
    """A guest who finds the permission of an earlier one has the latest state as well."""
    ann = await server.person("Ann")
    chat = await ann.create_chat()
    reply = await ann.prompt(chat)
    eve, _ = await guest(server, ann, chat)
    async with eve.socket() as socket, server.writing(reply) as text:
        for number in range(20):
            text.append(f"{number} ")
            streams = [await socket.stream(reply) for _ in range(3)]
            for stream in streams:
                await stream.until(content="".join(f"{n} " for n in range(number + 1)))
            for stream in streams:
                await stream.complete()
