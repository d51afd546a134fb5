"""Raw connections that can be aborted at any moment, and what they leave behind in a server."""

import asyncio
import json
from collections.abc import Mapping

from tests.support.people import Person
from tests.support.server import Running
from tests.support.until import until


async def connected(person: Person, *operations: tuple[str, dict[str, object]]) -> asyncio.StreamWriter:
    """A raw WebSocket with these operations on it, each of which has had its first frame."""
    reader, writer = await asyncio.open_connection("127.0.0.1", person.port)
    writer.write(
        b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frame({"type": "connection_init", "payload": {"authorization": f"Bearer {person.token}"}}))
    await reader.readuntil(b"connection_ack")
    for number, (query, variables) in enumerate(operations):
        payload = {"query": query, "variables": variables}
        writer.write(frame({"id": str(number), "type": "subscribe", "payload": payload}))
        await reader.readuntil(b'"next"')
    return writer


def frame(message: Mapping[str, object]) -> bytes:
    """A masked text frame; its mask is zero."""
    text = json.dumps(message).encode()
    assert 126 <= len(text) < 65_536 or len(text) < 126
    length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text


async def sse(person: Person, query: str, **variables: object) -> asyncio.StreamWriter:
    """A raw event stream that has had its first event."""
    reader, writer = await asyncio.open_connection("127.0.0.1", person.port)
    body = json.dumps({"query": query, "variables": variables}).encode()
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n"
        + f"Authorization: Bearer {person.token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await reader.readuntil(b"event: next")
    return writer


class Remains:
    """What is there before, to compare with."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self.tasks = asyncio.all_tasks()
        self.channels = server.runtime.bus.channels

    async def nothing_new(self) -> None:
        runtime = self._server.runtime
        await until(lambda: not runtime.hub.topics)
        await until(lambda: runtime.bus.channels == self.channels)
        await until(lambda: runtime.database.connections == 0)
        await until(lambda: not self._server.uvicorn.server_state.connections)
        await until(lambda: asyncio.all_tasks() <= self.tasks)
        assert not runtime.hub._subscribers_of
        gauges = await self._gauges()
        active = [count for name, count in gauges.items() if name.startswith("twotrack_subscriptions_active")]
        assert not any(active)
        assert gauges["twotrack_bus_channels"] == 0

    async def _gauges(self) -> dict[str, float]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        text = (await reader.read()).decode()
        writer.close()
        lines = (line.rpartition(" ") for line in text.splitlines() if line.startswith("twotrack_"))
        return {name: float(value) for name, _, value in lines}
