"""The transports on `/graphql`, as they are on the wire."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from api.accounts.sessions import Tokens
from api.graphql import relay
from api.graphql.transport import http
from api.server import app, pages
from tests.integration.following import TRANSPORTS, subscribed
from tests.support.backends import SECRET, Backend
from tests.support.operations import STREAM
from tests.support.people import Person
from tests.support.responses import MULTIPART, SSE, following
from tests.support.server import Running, serving
from tests.support.until import PATIENCE_SECONDS

CONTENT = "subscription ($id: ID!) { messageStream(id: $id) { content status } }"

long_responses = pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["events", "multipart"])


@asynccontextmanager
async def asking(person: Person, accept: str, query: str, **variables: str) -> AsyncIterator[httpx.Response]:
    """The response to a POST, whose body is still to come."""
    headers = {"accept": accept, "authorization": f"Bearer {person.token}"}
    body = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client,
        client.stream("POST", f"http://127.0.0.1:{person.port}/graphql", json=body, headers=headers) as response,
    ):
        yield response


async def finished_reply(server: Running, person: Person) -> str:
    reply: str = await person.prompt()
    async with server.writing(reply) as text:
        text.append("done")
    return reply


async def test_server_sent_events_are_those_of_graphql_sse(server: Running) -> None:
    ann = await server.person("Ann")
    async with asking(ann, SSE, CONTENT, id=await finished_reply(server, ann)) as response:
        body = await response.aread()
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "no-cache" in response.headers["cache-control"]
    beat, event, end, rest = body.decode().split("\n\n")
    assert (beat, end, rest) == (":", "event: complete\ndata:", "")
    name, data = event.split("\n")
    assert name == "event: next"
    assert json.loads(data.removeprefix("data: ")) == {
        "data": {"messageStream": {"content": "done", "status": "COMPLETE"}}
    }


async def test_multipart_is_that_of_apollos_subscription_protocol(server: Running) -> None:
    ann = await server.person("Ann")
    async with asking(ann, MULTIPART, CONTENT, id=await finished_reply(server, ann)) as response:
        body = await response.aread()
    assert response.status_code == 200
    assert response.headers["content-type"] == 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'
    before, beat, part, end = body.decode().split("\r\n--graphql")
    assert (before, end) == ("", "--\r\n")
    head = "\r\nContent-Type: application/json\r\n\r\n"
    assert beat == head + "{}"
    assert json.loads(part.removeprefix(head)) == {
        "payload": {"data": {"messageStream": {"content": "done", "status": "COMPLETE"}}}
    }


@pytest.mark.parametrize(
    ("query", "media_type"),
    [("{ viewer { email } }", "application/graphql-response+json"), (CONTENT, "text/event-stream; charset=utf-8")],
)
async def test_who_takes_anything_gets_one_answer_whole_and_many_as_they_come(
    server: Running, query: str, media_type: str
) -> None:
    ann = await server.person("Ann")
    urqls = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream"
    async with asking(ann, f"{urqls}, multipart/mixed", query, id=await finished_reply(server, ann)) as response:
        assert response.headers["content-type"] == media_type
        assert "errors" not in (await response.aread()).decode()


@long_responses
async def test_a_silent_response_has_heartbeats(server: Running, accept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEARTBEAT_SECONDS", 0.02)
    ann = await server.person("Ann")
    reply = await ann.prompt()
    beat = ":\n\n" if accept == SSE else "\r\n\r\n{}\r\n--graphql"
    async with asking(ann, accept, CONTENT, id=reply) as response:
        heard, pieces = "", response.aiter_text()
        while heard.count(beat) < 4:
            heard += await anext(pieces)
        async with server.writing(reply) as text:
            text.append("after a while")
        heard += "".join([piece async for piece in pieces])
    assert '"content":"after a while","status":"COMPLETE"' in heard
    assert heard.endswith("event: complete\ndata:\n\n" if accept == SSE else "\r\n--graphql--\r\n")


@long_responses
async def test_queries_and_mutations_are_answered_there_too(server: Running, accept: str) -> None:
    ann = await server.person("Ann")
    async with following(ann, accept, "{ viewer { id } }") as answer:
        assert await answer.rest() == [{"id": ann.viewer_id}]
    async with following(
        ann, accept, 'mutation { createChat(input: { title: "Plans" }) { chat { title } } }'
    ) as answer:
        assert await answer.rest() == [{"chat": {"title": "Plans"}}]


@long_responses
async def test_what_cannot_be_executed_is_told_and_ended(server: Running, accept: str) -> None:
    ann = await server.person("Ann")
    for query in ("{", "subscription { nothing }", "subscription ($id: ID!) { messageStream(id: $id) { id } }"):
        async with following(ann, accept, query) as answer:
            assert (await answer.refusal())["extensions"] == {"code": "BAD_USER_INPUT"}


@long_responses
async def test_a_bad_token_is_told_at_once(server: Running, accept: str) -> None:
    async with asking(server.bearer("nonsense"), accept, CONTENT, id="") as response:
        answer = json.loads(await response.aread())
    assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert response.status_code == (
        401 if accept == SSE else 200
    )  # Apollo's multipart reads the answer, not the status


@long_responses
async def test_a_live_response_ends_when_its_token_expires(server: Running, accept: str) -> None:
    ann = await server.person("Ann")
    reply = await ann.prompt()
    key = relay.key_of("Viewer", ann.viewer_id)
    short = Tokens(SECRET, hours=1.5 / 3600).issue(key, key)
    async with following(server.bearer(short), accept, STREAM, id=reply) as stream:
        await stream.next()
        with pytest.raises(EOFError):
            await stream.payload()


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
async def test_a_server_that_parts_ends_no_stream_for_good(backend: Backend, transport: str) -> None:
    async with serving(backend.settings()) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with subscribed(ann, transport, STREAM, id=reply) as stream:
            await stream.next()
            app.drain(server.app)
            with pytest.raises((EOFError, AssertionError), match=r"without|'closed', 'code': .*1012"):
                await stream.next()


async def test_a_ping_is_answered(server: Running) -> None:
    async with server.stranger().socket() as socket:
        pings = await socket.subscribe("{ viewer { id } }")
        assert await pings.rest() == [None]
        socket.reading.cancel()
        await asyncio.gather(socket.reading, return_exceptions=True)
        await socket.connection.send('{"type": "ping", "payload": {"at": 1}}')
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert json.loads(await socket.connection.recv()) == {"type": "pong"}


async def get(server: Running, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        return await client.get(server.url, headers=headers)


async def test_a_browser_gets_graphiql(server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "GRAPHIQL", tmp_path)
    accept = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
    not_built = await get(server, accept=accept)
    assert (not_built.status_code, "make setup" in not_built.text) == (503, True)
    (tmp_path / "index.html").write_text("<title>GraphiQL</title>")
    page = await get(server, accept=accept)
    assert (page.status_code, page.text) == (200, "<title>GraphiQL</title>")
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/event-stream"])
async def test_a_program_that_gets_is_told_to_post(server: Running, accept: str) -> None:
    response = await get(server, accept=accept)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert "POST" in response.text


async def test_other_methods_are_not_allowed(server: Running) -> None:
    async with httpx.AsyncClient() as client:
        for method in ("PUT", "DELETE", "PATCH"):
            assert (await client.request(method, server.url, json={})).status_code == 405


async def test_a_page_of_an_allowed_origin_may_ask_and_another_may_not(backend: Backend) -> None:
    wishes = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    settings = backend.settings(allowed_origins="https://chat.example.com")
    async with serving(settings) as server, httpx.AsyncClient() as client:
        for origin, allowed in (("https://chat.example.com", True), ("https://evil.example", False)):
            preflight = await client.options(server.url, headers={"origin": origin, **wishes})
            answer = await client.post(server.url, json={"query": "{ viewer { id } }"}, headers={"origin": origin})
            for response in (preflight, answer):
                assert (response.headers.get("access-control-allow-origin") == origin) is allowed
