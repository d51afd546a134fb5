"""Between a client and a server: tells which frames the server sent, and stops reading when the test says so.

async with wiretap(server.port) as tap:
    async with ann.socket(tap.port) as socket:
        tap.pause()
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

RECEIVE_BUFFER_BYTES = 16_384
"""Small, so that a server notices early that nobody reads."""


@dataclass(frozen=True)
class Frame:
    """What a frame's header says."""

    opcode: int
    compressed: bool
    size: int
    """Bytes on the wire, header included."""

    @property
    def is_text(self) -> bool:
        return self.opcode == 1


@dataclass
class Wiretap:
    """Whatever crosses, of all connections made through `port`."""

    port: int = 0
    handshake: bytes = b""
    """The head of the server's last answer."""
    frames: list[Frame] = field(default_factory=list)
    """What the server sent after its handshakes."""
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    def pause(self) -> None:
        """Stop reading what the server sends."""
        self.reading.clear()

    def resume(self) -> None:
        self.reading.set()


@asynccontextmanager
async def wiretap(port: int) -> AsyncIterator[Wiretap]:
    """A proxy before the server on `port`."""
    tap = Wiretap()
    tap.resume()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        own = socket.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
        from_server, to_server = await asyncio.open_connection(sock=own, limit=RECEIVE_BUFFER_BYTES)
        onward = asyncio.create_task(_forward(reader, to_server))
        try:
            await _listen(tap, from_server, writer)
        finally:
            onward.cancel()
            to_server.close()
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    tap.port = server.sockets[0].getsockname()[1]
    try:
        yield tap
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


async def _listen(tap: Wiretap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    unread, shaken = b"", False
    with suppress(ConnectionError):
        while True:
            await tap.reading.wait()
            if not (piece := await reader.read(65_536)):
                return
            writer.write(piece)
            await writer.drain()
            unread += piece
            if not shaken and b"\r\n\r\n" in unread:
                tap.handshake, _, unread = unread.partition(b"\r\n\r\n")
                shaken = tap.handshake.startswith(b"HTTP/1.1 101")
                unread = unread if shaken else b""
            while shaken and (frame := _frame(unread)) is not None:
                tap.frames.append(frame)
                unread = unread[frame.size :]


def _frame(data: bytes) -> Frame | None:
    """The first frame (RFC 6455, 5.2; a server's has no mask), once it is whole."""
    if len(data) < 2:
        return None
    head, size = 2, data[1]
    if size == 126:
        head, size = 4, int.from_bytes(data[2:4])
    elif size == 127:
        head, size = 10, int.from_bytes(data[2:10])
    if len(data) < head + size:
        return None
    return Frame(data[0] & 0x0F, bool(data[0] & 0x40), head + size)
