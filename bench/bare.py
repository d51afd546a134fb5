"""The limit: a server that writes one finished WebSocket frame to every socket, and does nothing else for it.

It knows just enough of the handshake and of graphql-transport-ws that the same readers can sit down.
"""

import asyncio
import base64
import hashlib
import json
import os
import struct
from collections import defaultdict
from typing import Any, cast

import orjson
import uvloop

from bench.load import Load
from bench.publishing import publish_when_told

OPERATION = "00000000-0000-4000-8000-000000000000"
"""The one operation id that all readers use here, as one frame serves all."""

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What RFC 6455 has a server append to the client's key."""

readers: dict[str, set[asyncio.Transport]] = defaultdict(set)


async def publish(message: int, values: dict[str, Any]) -> None:
    finished = frame(orjson.dumps({"id": OPERATION, "type": "next", "payload": {"data": {"messageStream": values}}}))
    for transport in readers[values["id"]]:
        transport.write(finished)


def frame(text: bytes) -> bytes:
    if len(text) < 126:
        return struct.pack("!BB", 0x81, len(text)) + text
    if len(text) < 65_536:
        return struct.pack("!BBH", 0x81, 126, len(text)) + text
    return struct.pack("!BBQ", 0x81, 127, len(text)) + text


class Reader(asyncio.Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def connection_lost(self, error: Exception | None) -> None:
        for followers in readers.values():
            followers.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if not self.open:
            head, end, rest = self.received.partition(b"\r\n\r\n")
            if not end:
                return
            self.open, self.received = True, rest
            self.accept(head)
        while (text := self.text()) is not None:
            self.answer(json.loads(text))

    def accept(self, head: bytes) -> None:
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        key = next(
            line.split(b": ", 1)[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        )
        assert headers[b"sec-websocket-protocol"] == b"graphql-transport-ws"
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(hashlib.sha1(key + GUID).digest()) + b"\r\n\r\n"
        )

    def text(self) -> bytes | None:
        """The next frame's text; our readers send short ones."""
        if len(self.received) < 6:
            return None
        size, at = self.received[1] & 127, 2
        if size == 126:
            size, at = struct.unpack_from("!H", self.received, 2)[0], 4
        mask, text = self.received[at : at + 4], self.received[at + 4 : at + 4 + size]
        if len(text) < size:
            return None
        self.received = self.received[at + 4 + size :]
        return bytes(byte ^ mask[place & 3] for place, byte in enumerate(text))

    def answer(self, message: dict[str, Any]) -> None:
        if message["type"] == "connection_init":
            self.transport.write(frame(b'{"type":"connection_ack"}'))
        elif message["type"] == "subscribe":
            readers[message["payload"]["variables"]["id"]].add(self.transport)
        elif message["type"] == "ping":
            self.transport.write(frame(b'{"type":"pong"}'))


async def main() -> None:
    load = Load.from_json(os.environ["LOAD"])
    server = await asyncio.get_running_loop().create_server(Reader, "127.0.0.1", int(os.environ["PORT"]), backlog=2048)
    publish_when_told(load, publish)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
