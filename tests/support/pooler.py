"""Stands in for PgBouncer in transaction mode, at its worst: each transaction gets another connection to the server.

async with pooling(postgres.port) as pooler:
    ...  # connect to 127.0.0.1, port pooler.port
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

BACKENDS = 5

ALLOWED = {
    *("user", "database", "client_encoding", "datestyle", "timezone", "standard_conforming_strings"),
    "application_name",
}
"""Startup parameters that PgBouncer takes by default. It refuses others."""

SSL_REQUEST = 80877103
PROTOCOL = 196608

Message = tuple[bytes, bytes]


@dataclass(eq=False)
class Client:
    """A connection of a client, and the backend of its transaction."""

    writer: asyncio.StreamWriter
    backend: "Backend | None" = None
    unanswered: int = 0
    """Messages that the server answers with ReadyForQuery."""


@dataclass(eq=False)
class Backend:
    """A connection to the server, and the client whose transaction it runs."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    client: Client | None = None


@dataclass
class Pooler:
    """The connections of one user to one database."""

    server_port: int
    port: int = 0
    transactions: int = 0
    _greeting: list[Message] = field(default_factory=list)
    _idle: asyncio.Queue[Backend] = field(default_factory=asyncio.Queue)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it leaves."""
        self._writers.append(writer)
        client = Client(writer)
        try:
            if not await self._welcome(reader, client):
                return
            while (message := await _message(reader))[0] != b"X":
                if client.backend is None:
                    client.backend = await self._idle.get()
                    client.backend.client = client
                client.unanswered += message[0] in (b"Q", b"S")
                client.backend.writer.write(_packed(message))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _welcome(self, reader: asyncio.StreamReader, client: Client) -> bool:
        while (startup := await _startup(reader))[0] == SSL_REQUEST:
            client.writer.write(b"N")
        code, parameters = startup
        if code != PROTOCOL:
            return False  # a cancellation
        if refused := parameters.keys() - ALLOWED:
            fields = f"SFATAL\0C08P01\0Munsupported startup parameter: {refused.pop()}\0\0".encode()
            client.writer.write(_packed((b"E", fields)))
            return False
        if not self._greeting:
            for _ in range(BACKENDS):
                await self._connect(parameters)
        for message in self._greeting:
            client.writer.write(_packed(message))
        return True

    async def _connect(self, parameters: dict[str, str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        self._writers.append(writer)
        body = struct.pack("!i", PROTOCOL)
        for name, value in parameters.items():
            body += f"{name}\0{value}\0".encode()
        writer.write(struct.pack("!i", len(body) + 5) + body + b"\0")
        said = [await _message(reader)]
        while said[-1][0] != b"Z":
            said.append(await _message(reader))
        self._greeting = said
        backend = Backend(reader, writer)
        task = asyncio.create_task(self._answer(backend))
        self._tasks.add(task)
        self._idle.put_nowait(backend)

    async def _answer(self, backend: Backend) -> None:
        """Pass on what the server says. The backend goes to the end of the line after each transaction."""
        while True:
            try:
                kind, body = await _message(backend.reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            client = backend.client
            assert client is not None, (kind, body)
            client.writer.write(_packed((kind, body)))
            if kind == b"Z":
                client.unanswered -= 1
                if body == b"I" and not client.unanswered:
                    client.backend = backend.client = None
                    self.transactions += 1
                    self._idle.put_nowait(backend)

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _startup(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    (size,) = struct.unpack("!i", await reader.readexactly(4))
    body = await reader.readexactly(size - 4)
    (code,) = struct.unpack("!i", body[:4])
    texts = [text.decode() for text in body[4:].split(b"\0")] if code == PROTOCOL else []
    pairs = zip(texts[::2], texts[1::2], strict=False)
    return code, {name: value for name, value in pairs if name}


async def _message(reader: asyncio.StreamReader) -> Message:
    head = await reader.readexactly(5)
    return head[:1], await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)


def _packed(message: Message) -> bytes:
    return message[0] + struct.pack("!i", len(message[1]) + 4) + message[1]


@asynccontextmanager
async def pooling(server_port: int) -> AsyncIterator[Pooler]:
    pooler = Pooler(server_port)
    server = await asyncio.start_server(pooler.serve, "127.0.0.1", 0)
    pooler.port = server.sockets[0].getsockname()[1]
    try:
        yield pooler
    finally:
        server.close()
        await pooler.close()
