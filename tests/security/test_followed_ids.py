"""The ids that `sync` follows are bounded for a socket and for a user, and ids without permission keep no channels."""

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from api.graphql import sync
from api.graphql.relay import global_id
from tests.support.operations import SYNC
from tests.support.server import Running
from tests.support.until import until

pytestmark = pytest.mark.parametrize("backend", ["embedded"], indirect=True)


def error_of(message: dict[str, Any]) -> dict[str, Any]:
    error: dict[str, Any] = message["payload"]["errors"][0]
    return {"code": error["extensions"]["code"], "message": error["message"]}


async def test_a_socket_follows_a_bounded_number_of_ids(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "IDS_PER_SOCKET", 3)
    ann = await server.person("Ann")
    chats = [await ann.create_chat() for _ in range(4)]
    async with ann.socket() as socket, ann.socket() as other:
        followed = await socket.subscribe(SYNC, ids=chats[:2])
        await followed.message()
        refused = await (await socket.subscribe(SYNC, ids=chats[2:])).message()
        assert error_of(refused) == {
            "code": "LIMIT_EXCEEDED",
            "message": "`sync` follows at most 3 ids on one socket. Complete subscriptions that you no longer need, "
            "or follow fewer ids.",
        }
        assert "errors" not in (await (await other.subscribe(SYNC, ids=chats[2:])).message())["payload"]
    await until(partial(_nothing_followed, server))


async def test_a_user_follows_a_bounded_number_of_ids(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "IDS_PER_USER", 3)
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chats = [await ann.create_chat() for _ in range(4)]
    async with ann.socket() as one, ann.socket() as two, bob.socket() as stranger:
        await (await one.subscribe(SYNC, ids=chats[:2])).message()
        refused = await (await two.subscribe(SYNC, ids=chats[2:])).message()
        assert error_of(refused) == {
            "code": "LIMIT_EXCEEDED",
            "message": "`sync` follows at most 3 ids for one user at once. Complete subscriptions that you no longer "
            "need, or follow fewer ids.",
        }
        assert "errors" not in (await (await two.subscribe(SYNC, ids=chats[:2])).message())["payload"]
        assert "errors" not in (await (await stranger.subscribe(SYNC, ids=[bob.viewer_id])).message())["payload"]
    await until(partial(_nothing_followed, server))


async def test_ids_without_permission_keep_no_channels_however_many_wait(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three hundred made-up ids: a hundred at a time are joined until they are read, and then left."""
    ann = await server.person("Ann")
    bus, hub, may_read, reads = server.runtime.bus, server.runtime.hub, asyncio.Event(), 0
    before, revisions = bus.channels, hub._access.revisions

    async def slow(*arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        await may_read.wait()
        return await revisions(*arguments)

    monkeypatch.setattr(hub._access, "revisions", slow)
    async with ann.socket() as socket, ann.socket() as other:
        waiting = [
            await sender.subscribe(SYNC, ids=[global_id("Chat", uuid4()) for _ in range(100)])
            for sender in (socket, other, socket)
        ]
        await until(lambda: reads > 0)
        # What the sockets sent before this answer has been received.
        for sender in (socket, other):
            await (await sender.subscribe("{ viewer { id } }")).message()
        assert (bus.channels - before, reads) == (100, 1)
        may_read.set()
        for one in waiting:
            events = [(await one.message())["payload"]["data"]["sync"] for _ in range(100)]
            assert all(event["deleted"] for event in events)
        # One channel for all of them: Ann's own, which tells when she is added to a chat.
        await until(lambda: bus.channels == before + 1)
    await until(lambda: bus.channels == before)
    assert len(hub.arriving) == 0


def _nothing_followed(server: Running) -> bool:
    return not server.app.state.http._services.followed
