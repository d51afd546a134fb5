"""Many readers in one thread, cheap enough to follow 5,000 streams: graphql-transport-ws over sockets of their own.

They offer permessage-deflate if told to, and verify every frame. What goes wrong is raised by `sit_down` or `finished`.
"""

import asyncio
import base64
import os
import struct
import time
import zlib
from array import array
from collections import defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, cast

import orjson

from bench.seats import MESSAGES, SYNC, SYNC_OPERATION, Seat, Subscription
from bench.story import Story, Unfaithful, Version

AT_ONCE = 50
"""Readers that sit down together: as many as a server's backlog takes without dropping any."""

SIT_DOWN_SECONDS = 120
"""For all readers to be connected and subscribed."""

RECEIVE_BYTES = 262_144
"""For one read: many frames, so that few are needed. One buffer serves all readers, as each empties it at once."""


class Audience:
    """The readers of one run. Leaving it closes their sockets."""

    def __init__(self, port: int, *, deflate: bool, greeted: bool, subscription: Subscription = MESSAGES) -> None:
        self.port = port
        self.subscription = subscription
        self.deflate = deflate
        self.greeted = greeted
        """Whether a reader is shown the message as it is as soon as it subscribes."""
        self.readers: list[Reader] = []
        self.stories: dict[str, Story] = defaultdict(Story)
        self.buffer = bytearray(RECEIVE_BYTES)
        self.begun = False
        self.started = asyncio.Event()
        """Set when the first update arrives, or when none will."""
        self.wire_bytes = 0
        self.payload_bytes = 0
        self.delays = array("d")
        """Seconds from commit to receipt, of each update to each reader."""
        self._expected = 0
        self._reading = 0
        self._over = asyncio.Event()
        self._wrong: Exception | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self.readers:
            reader.transport.abort()
        await asyncio.sleep(0)

    async def sit_down(self, seats: Sequence[Seat]) -> None:
        """Connect and subscribe."""
        async with asyncio.timeout(SIT_DOWN_SECONDS):
            for first in range(0, len(seats), AT_ONCE):
                await asyncio.gather(*(self._sit_down(seat) for seat in seats[first : first + AT_ONCE]))
                self._raise_what_went_wrong()

    async def _sit_down(self, seat: Seat) -> None:
        _, reader = await asyncio.get_running_loop().create_connection(
            lambda: Reader(self, seat), "127.0.0.1", self.port
        )
        self.readers.append(reader)
        self._reading += 1
        await reader.seated.wait()

    def begin(self) -> None:
        """From here on, what arrives counts."""
        self.wire_bytes = 0
        self.begun = True
        for reader in self.readers:
            reader.began_at = reader.revision

    async def finished(self, seconds: float) -> None:
        """Wait until every reader has the final message. Raises Unfaithful if anything was wrong, or is missing."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            self._raise_what_went_wrong()
            raise Unfaithful(f"{self._reading} readers still lack the end after {seconds:.0f} s") from None
        self._raise_what_went_wrong()

    def verify(self, rows: Sequence[dict[str, Any]]) -> None:
        """Raise Unfaithful unless what was shown leads up to these rows."""
        for row in rows:
            self.stories[row["id"]].verify(row)

    @property
    def delivered(self) -> int:
        """Updates that reached a reader, each reader counted."""
        return len(self.delays)

    @property
    def committed(self) -> int:
        """Updates that there were for a reader to have, each reader counted."""
        return sum(reader.revision - reader.began_at for reader in self.readers) if self.begun else 0

    def shown(self, version: Version, size: int, arrived: float) -> None:
        """A reader was shown a version."""
        if self.begun:
            self.started.set()
            self.payload_bytes += size
            self.delays.append(arrived - version.committed)
        if not version.row["streaming"]:
            self._reading -= 1
            if not self._reading:
                self._over.set()

    def fail(self, error: Exception) -> None:
        """Something is wrong: nobody needs to wait any longer."""
        self._wrong = self._wrong or error
        self._over.set()
        self.started.set()
        for reader in self.readers:
            reader.seated.set()

    def _raise_what_went_wrong(self) -> None:
        if self._wrong is not None:
            raise self._wrong


class Reader(asyncio.BufferedProtocol):
    """One client with one subscription."""

    transport: asyncio.Transport

    def __init__(self, audience: Audience, seat: Seat) -> None:
        self.audience = audience
        self.seat = seat
        self.operation = seat.operation.encode()
        self.story = audience.stories[seat.message]
        self.seated = asyncio.Event()
        self.revision = 0
        self._unsynced = set(seat.page)
        self.began_at = 0
        self._rest = bytearray()
        self._open = False
        self._final = False
        self._inflate: Any = None
        self._arrived = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        self.transport.write(
            (
                f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self.audience.port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"
                f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
                f"{offer if self.audience.deflate else ''}\r\n"
            ).encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        if not self._final:
            self.audience.fail(Unfaithful(f"the server hung up on a reader ({error})"))

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.audience.buffer

    def buffer_updated(self, size: int) -> None:
        self._arrived = time.time()
        self.audience.wire_bytes += size
        try:
            if self._rest:
                self._rest += memoryview(self.audience.buffer)[:size]
                del self._rest[: self._read(self._rest, len(self._rest))]
            else:
                read = self._read(self.audience.buffer, size)
                if read < size:
                    self._rest += memoryview(self.audience.buffer)[read:size]
        except Exception as error:
            self.audience.fail(error)
            self.transport.abort()

    def _read(self, data: bytearray, end: int) -> int:
        """Take what is whole; return how far that went."""
        at = 0
        if not self._open:
            at = data.find(b"\r\n\r\n", 0, end) + 4
            if at < 4:
                return 0
            self._accepted(bytes(data[:at]))
        while end - at >= 2:
            size, body = data[at + 1], at + 2
            if size == 126:
                size, body = int.from_bytes(data[at + 2 : at + 4]), at + 4
            elif size == 127:
                size, body = int.from_bytes(data[at + 2 : at + 10]), at + 10
            if end - body < size:
                break
            self._frame(data[at], data, body, body + size)
            at = body + size
        return at

    def _accepted(self, head: bytes) -> None:
        head = head.lower()
        if not head.startswith(b"http/1.1 101"):
            raise Unfaithful(f"the server refused a socket: {head[:200]!r}")
        if self.audience.deflate:
            # Without takeover each message starts afresh; nobody here does that, and it would go unmeasured.
            if b"permessage-deflate" not in head or b"server_no_context_takeover" in head:
                raise Unfaithful(f"the server does not compress as asked: {head!r}")
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._open = True
        payload = {"authorization": self.seat.authorization} if self.seat.authorization else {}
        self._send({"type": "connection_init", "payload": payload})

    def _frame(self, first: int, data: bytearray, at: int, end: int) -> None:
        if first == 0x81:
            self._text(data, at, end)
        elif first == 0xC1:
            text = self._inflate.decompress(data[at:end]) + self._inflate.decompress(b"\0\0\xff\xff")
            self._text(text, 0, len(text))
        elif first == 0x89:
            self._write(0x8A, bytes(data[at:end]))
        else:
            raise Unfaithful(f"an unexpected frame: {first:#x} {bytes(data[at:end][:200])!r}")

    def _text(self, data: bytes | bytearray, at: int, end: int) -> None:
        version = self.story.recognise(data, at, end, self.operation, self.revision)
        if version is None:
            text = bytes(data[at:end])
            message = orjson.loads(text)
            if message["type"] != "next" or message["id"] == SYNC_OPERATION:
                self._told(message)
                return
            version = self.story.learn(text, self.operation, self.audience.subscription.selection, self._arrived)
        if version.revision <= self.revision or self._final:
            raise Unfaithful(f"revision {version.revision} after {self.revision}")
        self.revision = version.revision
        self._final = not version.row["streaming"]
        self.audience.shown(version, end - at, self._arrived)
        self._sit()

    def _told(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_ack":
                if self.seat.page:
                    page = {"query": SYNC, "variables": {"ids": self.seat.page}}
                    self._send({"id": SYNC_OPERATION, "type": "subscribe", "payload": page})
                payload = {"query": self.audience.subscription.document, "variables": {"id": self.seat.message}}
                self._send({"id": self.seat.operation, "type": "subscribe", "payload": payload})
                self._send({"type": "ping"})  # answered after the subscription was taken
            case "pong":
                if not self.audience.greeted:
                    self.seated.set()
            case "next" if message["id"] == SYNC_OPERATION:
                self._unsynced.discard(message["payload"]["data"]["sync"]["id"])
                self._sit()
            case "complete" if self._final:
                pass
            case _:
                raise Unfaithful(f"an unexpected message: {str(message)[:300]}")

    def _sit(self) -> None:
        if self.revision and not self._unsynced:
            self.seated.set()

    def _send(self, message: dict[str, Any]) -> None:
        self._write(0x81, orjson.dumps(message))

    def _write(self, first: int, body: bytes) -> None:
        """Masked with zeros, as a client must mask and may choose with what."""
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack("!H", len(body))
        self.transport.write(bytes([first]) + size + bytes(4) + body)
