"""The network between a browser and its server, which a test can cut, restore, and make fall silent.

async with Network(site.port) as network:
    …                       # a browser at network.url
    network.cut()           # every connection is reset, new ones are refused
    network.restore()
    network.swallow()       # connections stay open, and nothing comes through, not even their end; new ones work

With the ports of several servers it is their load balancer: new connections go to them in turn, if they answer.
"""

import asyncio
from asyncio import open_connection
from contextlib import suppress
from typing import Self

CHUNK_BYTES = 65_536


class Network:
    def __init__(self, *server_ports: int) -> None:
        self._server_ports = list(server_ports)
        self._up = True
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.Event] = {}
        """Each with its silence."""

    @property
    def url(self) -> str:
        assert self._listener is not None
        return f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        self._up = False
        for connection in self._connections:
            connection.cancel()

    def restore(self) -> None:
        self._up = True

    def swallow(self) -> None:
        for silence in self._connections.values():
            silence.set()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.close()
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._up:
            writer.transport.abort()
            return
        silence = asyncio.Event()
        connection = asyncio.create_task(self._carry(reader, writer, silence))
        self._connections[connection] = silence
        connection.add_done_callback(lambda over: self._over(over, writer))

    def _over(self, connection: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        """The browser's end is closed here: what is cut before its first step closes nothing itself."""
        del self._connections[connection]
        if connection.cancelled():
            writer.transport.abort()
        writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence: asyncio.Event) -> None:
        """Until one side leaves, or the network is cut."""
        for port in self._server_ports:
            with suppress(OSError):
                answers, requests = await open_connection("127.0.0.1", port)
                break
        else:
            writer.transport.abort()
            return
        self._server_ports.append(self._server_ports.pop(0))
        ways = [asyncio.create_task(_pass(*way, silence)) for way in ((reader, requests), (answers, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if silence.is_set():
                await ways[0]  # that the server has left is what the browser does not hear
        except asyncio.CancelledError:
            requests.transport.abort()
            raise
        finally:
            for way in ways:
                way.cancel()
            requests.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence: asyncio.Event) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK_BYTES):
            if not silence.is_set():
                writer.write(data)
                await writer.drain()
