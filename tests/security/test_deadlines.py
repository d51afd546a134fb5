"""What never arrives, never signs in or is never read does not hold a connection or memory for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from api.graphql.transport import backpressure, http, websocket
from tests.support.backends import Backend
from tests.support.server import Running, serving
from tests.support.until import until

pytestmark = pytest.mark.parametrize("backend", ["embedded"], indirect=True)

SHORT_SECONDS = 0.2


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "HEADER_SECONDS", SHORT_SECONDS)
    monkeypatch.setattr(http, "BODY_SECONDS", SHORT_SECONDS)
    monkeypatch.setattr(websocket, "ANONYMOUS_SECONDS", SHORT_SECONDS)


async def sent(server: Running, *pieces: bytes) -> bytes:
    """All that the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("begun", [b"", b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
async def test_headers_that_do_not_arrive_end_the_connection(server: Running, begun: bytes) -> None:
    assert (await sent(server, begun)).startswith(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n")


async def test_a_second_request_has_a_deadline_too(server: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert await reader.readuntil(b'{"status":"ok"}')
    writer.write(b"GET /healthz HTTP/1.1\r\nHo")
    assert (await reader.read()).startswith(b"HTTP/1.1 408 Request Timeout")
    writer.close()


async def test_a_body_that_does_not_arrive_is_refused(server: Running) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    answer = await sent(server, head + b'{"query": ')
    assert answer.startswith(b"HTTP/1.1 400 Bad Request")
    said = json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["message"]
    assert said == "The request's body did not arrive within 0.2 seconds. Send the request again."


async def test_a_long_answer_has_no_deadline(server: Running) -> None:
    """A subscription over HTTP, whose headers arrived in time."""
    ann = await server.person("Ann")
    reply = await ann.prompt()
    document = json.dumps({"query": f'subscription {{ messageStream(id: "{reply}") {{ streaming content }} }}'})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ann.token}\r\nConnection: close\r\n"
        f"Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {len(document)}\r\n\r\n"
    )
    answering = asyncio.create_task(sent(server, head.encode(), document.encode()))
    async with server.writing(reply) as text:
        await asyncio.sleep(2 * SHORT_SECONDS)
        text.append("Hello")
    assert b'"streaming":false' in await answering


async def test_a_socket_that_never_signs_in_is_closed(server: Running) -> None:
    async with server.stranger().socket() as socket:
        await socket.closed.wait()
        await socket.connection.wait_closed()
        assert (socket.connection.close_code, socket.connection.close_reason) == (4403, "Sign in, and connect again")
    ann = await server.person("Ann")
    async with ann.socket() as socket:
        stream = await socket.stream(await ann.prompt())
        await asyncio.sleep(2 * SHORT_SECONDS)
        assert not socket.closed.is_set()
        assert (await stream.next())["streaming"]


async def test_beyond_the_descriptors_of_the_process_sockets_are_told_to_retry(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await server.person("Ann")
    monkeypatch.setattr(server.app.state.sockets, "most", 1)
    async with ann.socket() as first:
        connection = await connect(server.url.replace("http", "ws"), subprotocols=[Subprotocol("graphql-transport-ws")])
        await connection.wait_closed()
        assert (connection.close_code, connection.close_reason) == (1013, "The server is busy; retry")
        assert not first.closed.is_set()


async def test_work_that_was_abandoned_counts_until_it_ends(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    document = "query ($c: ID!) { chat(id: $c) { title } }"
    async with serving(backend.settings(socket_operations=3)) as server:
        ann = await server.person("Ann")
        chat = await ann.create_chat("Plans")
        database, reading, ends = server.runtime.database, 0, asyncio.Event()
        read = database.reading

        @asynccontextmanager
        async def slow() -> AsyncIterator[AsyncSession]:
            nonlocal reading
            reading += 1
            await ends.wait()
            async with read() as session:
                yield session

        def began(number: int) -> bool:
            return reading == number

        async with ann.socket() as socket:
            monkeypatch.setattr(database, "reading", slow)
            for number in range(1, 4):
                query = await socket.subscribe(document, c=chat)
                await until(partial(began, number))
                await socket.connection.send(json.dumps({"id": query.id, "type": "complete"}))
            refused = await (await socket.subscribe(document, c=chat)).message()
            ends.set()
            await until(lambda: not database._detached)
            answer = await (await socket.subscribe(document, c=chat)).message()
    assert refused["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert refused["payload"][0]["message"].startswith("A socket carries at most 3 operations at once.")
    assert answer["payload"] == {"data": {"chat": {"title": "Plans"}}}
