"""A page's socket, as light as it can be: it follows a message and what its chat needs, and reads whatever comes."""

import asyncio
import base64
import os
import struct
from contextlib import suppress
from typing import Any, cast

import orjson

from bench.seats import SUBSCRIPTION, SYNC, SYNC_OPERATION, Seat

HANDSHAKE_SECONDS = 10.0
"""For the socket to open, and again for `connection_ack`: `socket.ts` in client/src/core/transport."""


class Abandoned(Exception):
    """The client gave up waiting for an answer to its handshake."""


class PageClient(asyncio.Protocol):
    """One connection. `closed` is done when it has ended; `code` is the server's close code, if there was one."""

    def __init__(self, port: int, seat: Seat) -> None:
        loop = asyncio.get_running_loop()
        self._port = port
        self._seat = seat
        self._unsynced = set(seat.page)
        self._is_streaming = False
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self.code: int | None = None
        self.opened: asyncio.Future[None] = loop.create_future()
        self.acknowledged: asyncio.Future[None] = loop.create_future()
        self.shown: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    async def acknowledged_in_time(self) -> None:
        """Raises Abandoned, and ConnectionError if the server closed the socket."""
        for step in (self.opened, self.acknowledged):
            try:
                async with asyncio.timeout(HANDSHAKE_SECONDS):
                    await step
            except TimeoutError:
                raise Abandoned from None

    def leave(self) -> None:
        for step in (self.opened, self.acknowledged, self.shown):
            if step.done() and not step.cancelled():
                step.exception()  # counts as retrieved
            step.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(
            (
                f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"
                f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
            ).encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        lost = ConnectionResetError("the server closed the socket")
        for step in (self.opened, self.acknowledged, self.shown):
            if not step.done():
                step.set_exception(lost)
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self.opened.done():
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            self._received = rest
            if not head.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(f"the server refused a socket: {bytes(head[:200])!r}")
            self.opened.set_result(None)
            self._send({"type": "connection_init", "payload": {"authorization": self._seat.authorization}})
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def _frame(self) -> tuple[int, bytes] | None:
        data = self._received
        if len(data) < 2:
            return None
        size, at = data[1], 2
        if size == 126:
            size, at = int.from_bytes(data[2:4]), 4
        elif size == 127:
            size, at = int.from_bytes(data[2:10]), 10
        if len(data) < at + size:
            return None
        first, body = data[0], bytes(data[at : at + size])
        del data[: at + size]
        return first, body

    def _take(self, first: int, body: bytes) -> None:
        match first:
            case 0x88:
                self.code = int.from_bytes(body[:2])
                assert self._transport is not None
                self._write(0x88, body[:2])
                self._transport.close()
            case 0x89:
                self._write(0x8A, body)
            case 0x81:
                self._told(orjson.loads(body))

    def _told(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_ack":
                self.acknowledged.set_result(None)
                self._subscribe(SYNC_OPERATION, SYNC, ids=self._seat.page)
                self._subscribe(self._seat.operation, SUBSCRIPTION, id=self._seat.message)
            case "next" if message["id"] == SYNC_OPERATION:
                self._unsynced.discard(message["payload"]["data"]["sync"]["id"])
            case "next":
                self._is_streaming = True
        if self._is_streaming and not self._unsynced and not self.shown.done():
            self.shown.set_result(None)

    def _subscribe(self, operation: str, query: str, **variables: Any) -> None:
        self._send({"id": operation, "type": "subscribe", "payload": {"query": query, "variables": variables}})

    def _send(self, message: dict[str, Any]) -> None:
        self._write(0x81, orjson.dumps(message))

    def _write(self, first: int, body: bytes) -> None:
        """Masked with zeros."""
        assert self._transport is not None
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack("!H", len(body))
        with suppress(RuntimeError):  # it is closing
            self._transport.write(bytes([first]) + size + bytes(4) + body)
