"""What never arrives, never signs in or is never read does not hold a connection or memory for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api.graphql import relay
from api.graphql.transport import admission, backpressure, http, lifetimes, requests
from api.graphql.transport.connections import CONNECTIONS
from tests.support.backends import Backend
from tests.support.server import Running, serving
from tests.support.until import until

pytestmark = pytest.mark.parametrize("backend", ["embedded"], indirect=True)

SHORT_SECONDS = 0.2


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "HEADER_SECONDS", SHORT_SECONDS)
    monkeypatch.setattr(http, "BODY_SECONDS", SHORT_SECONDS)
    monkeypatch.setattr(lifetimes, "ANONYMOUS_SECONDS", SHORT_SECONDS)


async def sent(server: Running, *pieces: bytes) -> bytes:
    """All that the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


async def closing(server: Running) -> tuple[int | None, str | None]:
    """How the server closes a new socket, whose client has no token."""
    connection = await connect(server.url.replace("http", "ws"), subprotocols=[Subprotocol("graphql-transport-ws")])
    with suppress(ConnectionClosed):
        await connection.send('{"type": "connection_init"}')
    await connection.wait_closed()
    return connection.close_code, connection.close_reason


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
    async with ann.socket() as first:
        monkeypatch.setattr(CONNECTIONS, "_most", len(CONNECTIONS._open))
        assert await closing(server) == (1013, "The server is busy; retry")
        assert not first.closed.is_set()


async def test_clients_beyond_those_that_may_wait_are_told_to_retry(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "WAITING_FACTOR", 2)
    async with serving(backend.settings(handshakes_at_once=1)) as server:
        ann = await server.person("Ann")
        async with ann.socket() as open_before:
            handshakes = server.app.state.sockets._arrivals._admission
            with handshakes.working():  # as long as this one takes
                waiting = [asyncio.create_task(closing(server)) for _ in range(2)]
                await until(lambda: len(handshakes) == 3)
                assert await closing(server) == (1013, "The server is busy; retry")
                metrics = await sent(server, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b"\ntwotrack_sockets_refused_total 1.0\n" in metrics
            assert not open_before.closed.is_set()
            assert [code for code, _ in await asyncio.gather(*waiting)] == [4403, 4403]  # let in, but without a token
        await until(lambda: len(handshakes) == 0)


async def test_a_socket_is_closed_at_its_age_so_that_its_client_connects_elsewhere(backend: Backend) -> None:
    async with serving(backend.settings(socket_hours=1 / 3600 / 100)) as server:
        ann = await server.person("Ann")
        async with ann.socket() as socket:
            await socket.closed.wait()
            await socket.connection.wait_closed()
            assert (socket.connection.close_code, socket.connection.close_reason) == (
                1012,
                "Reconnect, so that all servers have their share",
            )


async def test_a_health_check_takes_the_place_of_an_idle_connection_and_one_line_says_so(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    async with ann.socket() as socket:
        stream = await socket.stream(reply)
        monkeypatch.setattr(CONNECTIONS, "_most", len(CONNECTIONS._open) + 2)
        with capture_logs() as lines:
            idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(10)]
            answer = await sent(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert [line["event"] for line in lines if line["log_level"] != "info"] == ["no room for connections"]
        with suppress(ConnectionResetError):
            assert await idle[0][0].read() == b""
        assert (await stream.next())["streaming"]
    for _, writer in idle:
        writer.close()


async def test_a_network_has_so_many_sockets_without_an_account_and_others_are_not_touched(backend: Backend) -> None:
    async with serving(backend.settings(anonymous_sockets=2)) as server:
        ann = await server.person("Ann")
        async with server.stranger().socket(), server.stranger().socket(), ann.socket(), ann.socket() as signed_in:
            assert await closing(server) == (1013, "Too many sockets of your network have not signed in; retry")
            assert (await (await signed_in.subscribe("{ viewer { id } }")).message())["payload"]["data"]["viewer"]
        await until(lambda: len(server.app.state.sockets._arrivals) == 0)


async def test_answers_that_are_not_read_count_over_all_connections_of_a_user(server: Running) -> None:
    """Each of a thousand connections could hold 10 MB for ten seconds."""
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat()
    for number in range(9):
        await ann.send(chat, "x" * 95_000, reply=False, key=str(number))
    counted = server.app.state.http._requests._unsent

    def waits(answers: int) -> bool:
        return bool(sum(counted.values()) > answers * 9_000_000)

    aliases = " ".join(f"a{number}: content" for number in range(11))
    document = f"query ($c: ID!) {{ chat(id: $c) {{ messages {{ edges {{ node {{ {aliases} }} }} }} }} }}"
    body = json.dumps({"query": document, "variables": {"c": chat}})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ann.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    unread = []
    for number in range(1, 6):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1_000)
        unread.append(writer)
        writer.write((head + body).encode())
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await until(partial(waits, number))
    refused = await ann.post(document, c=chat)
    assert refused["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert refused["errors"][0]["message"] == (
        "Answers of more than 50,000,000 bytes wait for you to read them, the limit. Read them, then ask again."
    )
    assert (await ann.post("{ viewer { id } }"))["data"]["viewer"]
    assert (await bob.post("{ viewer { id } }"))["data"]["viewer"]
    for writer in unread:
        writer.transport.abort()
    await until(lambda: not counted)
    assert (await ann.post(document, c=chat))["data"]["chat"]
    assert not counted


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


async def test_requests_that_were_abandoned_count_until_they_end_and_those_that_wait_are_dropped(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "WAITING_FACTOR", 1)
    ann, bob = await server.person("Ann"), await server.person("Bob")
    chat = await ann.create_chat("Plans")
    waiting = server.app.state.http._requests
    monkeypatch.setattr(waiting._of_user, "_most", 2)
    monkeypatch.setattr(requests, "OF_USER", 2)
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
        return bool(waiting._of_user.users(relay.read(ann.user_id)[1].hex) == number)

    monkeypatch.setattr(database, "reading", slow)
    left = []
    for number in range(1, 5):
        left.append(asyncio.create_task(ann.post("query ($c: ID!) { chat(id: $c) { title } }", c=chat)))
        await until(partial(began, number))
    assert reading == 2
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    refused = await ann.post("{ viewer { id } }")
    ends.set()
    await until(lambda: len(waiting) == 0)
    assert refused["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert reading == 2
    assert (await bob.post("{ viewer { id } }"))["data"]["viewer"]
