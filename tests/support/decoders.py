"""Real WebSocket clients, each with a permessage-deflate of its own: Python's websockets, Node's `ws`, Chromium.

Each is opened as what `tests.support.server.Socket` takes for a connection.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from websockets.asyncio.client import ClientConnection, connect

from tests.support.browser import launched
from tests.support.people import Person
from tests.support.sockets import Socket, Subscription
from tests.support.until import PATIENCE_SECONDS

SUBPROTOCOL = "graphql-transport-ws"

PIPE = Path(__file__).parent / "clients" / "pipe.mjs"

LARGEST_LINE_BYTES = 8_000_000


class Connection(Protocol):
    """An open WebSocket."""

    close_code: int | None

    async def send(self, message: str) -> None: ...
    async def recv(self) -> str | bytes: ...
    def __aiter__(self) -> AsyncIterator[str | bytes]: ...


class Decoder(Protocol):
    """Opens a client's WebSocket to the server on a port of this machine."""

    def __call__(self, port: int) -> AbstractAsyncContextManager[Connection]: ...


class Received:
    """A connection whose messages somebody else's program receives for us."""

    def __init__(self) -> None:
        self.close_code: int | None = None
        self.opened = asyncio.Event()
        self.extensions = ""
        self._messages: asyncio.Queue[str | None] = asyncio.Queue()

    async def send(self, message: str) -> None:
        raise NotImplementedError

    def hear(self, told: dict[str, Any]) -> None:
        """`open`, `message`, `closed` or `error`, as the program tells it."""
        assert "error" not in told, told
        if "open" in told:
            self.extensions = told["open"]
            self.opened.set()
        elif "message" in told:
            self._messages.put_nowait(told["message"])
        else:
            self.close_code = told["closed"]
            self._messages.put_nowait(None)

    async def recv(self) -> str:
        return await anext(self)

    def __aiter__(self) -> "Received":
        return self

    async def __anext__(self) -> str:
        if (message := await self._messages.get()) is None:
            raise StopAsyncIteration
        return message


@asynccontextmanager
async def python(port: int, **options: Any) -> AsyncIterator[Connection]:
    async with connect(address(port), subprotocols=[SUBPROTOCOL], max_size=None, **options) as connection:  # type: ignore[list-item]
        yield connection  # type: ignore[misc]


@asynccontextmanager
async def node(port: int, offer: object = True) -> AsyncIterator[Connection]:
    """`offer`: what `ws` calls its option `perMessageDeflate`."""
    arguments = [str(PIPE), address(port), json.dumps(offer)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "node", *arguments, stdin=pipe, stdout=pipe, limit=LARGEST_LINE_BYTES
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    class Piped(Received):
        async def send(self, message: str) -> None:
            stdin.write(message.encode() + b"\n")
            await stdin.drain()

    async def listen() -> None:
        async for line in stdout:
            connection.hear(json.loads(line))

    connection = Piped()
    listening = asyncio.create_task(listen())
    try:
        await _opened(connection, listening)
        yield connection
    finally:
        stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
        await asyncio.gather(listening, return_exceptions=True)


OPEN = """url => {
    const socket = globalThis.socket = new WebSocket(url, "graphql-transport-ws");
    socket.onopen = () => tell({ open: socket.extensions });
    socket.onmessage = ({ data }) => tell({ message: data });
    socket.onclose = ({ code }) => tell({ closed: code });
}"""


@asynccontextmanager
async def browser(port: int) -> AsyncIterator[Connection]:
    """A page of the server's own in Chromium, which opens a WebSocket."""
    async with launched() as program:
        page = await program.new_page()

        class Paged(Received):
            async def send(self, message: str) -> None:
                await page.evaluate("message => socket.send(message)", message)

        connection = Paged()
        await page.expose_function("tell", connection.hear)
        await page.goto(f"http://127.0.0.1:{port}/")  # its policy allows sockets to the server
        await page.evaluate(OPEN, address(port))
        await _opened(connection)
        yield connection


async def _opened(connection: Received, listening: "asyncio.Task[None] | None" = None) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        opening = asyncio.create_task(connection.opened.wait())
        await asyncio.wait([opening, *([listening] if listening else [])], return_when=asyncio.FIRST_COMPLETED)
    if listening is not None and listening.done():
        listening.result()
    assert connection.opened.is_set(), "the client never opened its socket"


@asynccontextmanager
async def conversing(person: Person, connection: Connection) -> AsyncIterator[Socket]:
    """graphql-transport-ws on an open connection, acknowledged."""
    await connection.send(
        json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {person.token}"}})
    )
    assert json.loads(await connection.recv())["type"] == "connection_ack"
    socket = Socket(cast(ClientConnection, connection))
    try:
        yield socket
    finally:
        socket.reading.cancel()


async def subscribe(socket: Socket, id: str, query: str, /, **variables: Any) -> Subscription:
    """Under an id of the test's choice."""
    subscription = socket.subscriptions[id] = Subscription(socket, id)
    payload = {"query": query, "variables": variables}
    await socket.connection.send(json.dumps({"id": id, "type": "subscribe", "payload": payload}))
    return subscription


def address(port: int) -> str:
    return f"ws://127.0.0.1:{port}/graphql"
