"""Between a client and a server: tells which frames the server sent, and reads no more when the test says so.

async with wiretap(server.port) as tap:
    async with ann.socket(tap.port) as socket:
        tap.pause()
"""

import asyncio
import math
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

RECEIVE_BUFFER_BYTES = 16_384
"""Little: the kernel would read megabytes on behalf of whoever does not."""


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
    _room: float = math.inf
    """How many bytes may still be read from the server."""
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def pause(self) -> None:
        """Stop reading what the server sends."""
        self._room = 0
        self._more.clear()

    def take(self, size: float) -> None:
        """Read so many bytes more."""
        self._room += size
        self._more.set()

    def resume(self) -> None:
        self.take(math.inf)

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """As much as is there and may be read."""
        await self._more.wait()
        piece = await reader.read(int(min(65_536, self._room)))
        self._room = max(0, self._room - len(piece))
        if not self._room:
            self._more.clear()
        return piece


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
        try:
            with suppress(asyncio.CancelledError):  # asyncio's streams would call that an error
                await _relay(tap, reader, writer, port)
        finally:
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


async def narrow_connection(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose server soon notices when nobody reads."""
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    own.setblocking(False)
    await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=own, limit=RECEIVE_BUFFER_BYTES)


async def _relay(tap: Wiretap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    from_server, to_server = await narrow_connection(port)
    onward = asyncio.create_task(_forward(reader, to_server))
    try:
        await _listen(tap, from_server, writer)
    finally:
        onward.cancel()
        to_server.close()


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
            if not (piece := await tap.read(reader)):
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
