"""Half-open connections, and peers who mean ill: by hand, frame by frame."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.backends import Backend
from tests.support.server import Running, serving
from tests.support.until import PATIENCE_SECONDS, until
from tests.support.ways import LOOPS, busy, on_both_ways, on_the_direct_way, on_uvloop, unsent
from tests.support.wiretap import narrow_connection

__all__ = ["LOOPS"]

READ_BYTES = 262_144
"""What a loop reads at once at most: the pings in it are answered together."""


class Peer:
    """A client that does nothing of itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        size = struct.pack("!B", 0x80 | len(payload)) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload))
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._writer.write(bytes([0x80 | opcode]) + size + mask + masked)
        await self._writer.drain()

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next one. Raises EOFError, or ConnectionError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            first, size = await self._reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self._reader.readexactly(2))
            return first & 0x0F, await self._reader.readexactly(size)


TEXT, CLOSE, PING, PONG = 1, 8, 9, 10

INIT = b'{"type":"connection_init","payload":{}}'


@asynccontextmanager
async def peer(server: Running) -> AsyncIterator[Peer]:
    """After handshake and acknowledgement."""
    reader, writer = await narrow_connection(server.port)
    try:
        writer.write(
            b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        one = Peer(reader, writer)
        await one.send(TEXT, INIT)
        assert await one.frame() == (TEXT, b'{"type":"connection_ack"}')
        yield one
    finally:
        writer.close()


PINGS: dict[str, Any] = {"ws_ping_interval": 0.1, "ws_ping_timeout": 0.3}
"""uvicorn's options, in seconds."""


@on_uvloop
@on_both_ways
async def test_a_peer_that_answers_no_ping_is_let_go_in_a_way_that_it_comes_back_from(backend: Backend) -> None:
    async with serving(backend.settings(), **PINGS) as server, peer(server) as silent:
        assert (await silent.frame())[0] == PING
        if backend.direct_writes:
            opcode, payload = await silent.frame()
            assert (opcode, int.from_bytes(payload[:2])) == (CLOSE, 1012)
        else:
            with pytest.raises((EOFError, ConnectionError)):  # 1006: anything but 1011, which is final
                await silent.frame()


@on_uvloop
@on_both_ways
async def test_a_peer_that_answers_pings_is_kept(backend: Backend) -> None:
    async with serving(backend.settings(), **PINGS) as server, peer(server) as awake:
        for _ in range(6):
            opcode, payload = await awake.frame()
            assert opcode == PING
            await awake.send(PONG, payload)


@on_uvloop
@on_both_ways
@pytest.mark.usefixtures("brief_closing")
async def test_a_connection_that_only_this_end_still_holds_is_given_up(backend: Backend) -> None:
    settings = backend.settings(send_timeout_seconds=0.5)
    async with serving(settings, **PINGS) as server, peer(server):  # which does nothing at all from now on
        assert busy(server) == (1, 1, 0)
        await until(lambda: busy(server) == (0, 0, 0))


@on_the_direct_way
async def test_pings_of_a_peer_that_reads_nothing_pile_up_nowhere(backend: Backend) -> None:
    async with serving(backend.settings()) as server, peer(server) as ill:
        pings = [b"%0125d" % number for number in range(10_000)]
        for ping in pings:
            await ill.send(PING, ping)
        await ill.send(TEXT, b'{"type":"subscribe","id":"last","payload":{"query":"{ viewer { id } }"}}')
        await until(lambda: "socket: last" in {task.get_name() for task in asyncio.all_tasks()})
        assert 0 < sum(unsent(server)) < READ_BYTES
        answers = [await ill.frame()]
        while answers[-1][0] == PONG:
            answers.append(await ill.frame())
        assert answers[-1] == (TEXT, b'{"id":"last","type":"next","payload":{"data":{"viewer":null}}}')
        assert answers[-2] == (PONG, pings[-1])
        assert len(answers) < len(pings)
