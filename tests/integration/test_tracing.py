"""With traces on, the mutation, the wait and the writing of a reply are one trace, whichever process they happen in."""

from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.graphql import relay
from api.server import tracing
from tests.support.backends import Backend
from tests.support.people import Person
from tests.support.server import Running, serving
from tests.support.until import until

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.start(SimpleSpanProcessor(exporter))
    yield exporter
    tracing.stop()


def trace_of(exporter: InMemorySpanExporter, trace_id: int) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans() if span.context.trace_id == trace_id}


async def finished(ann: Person, reply: str) -> None:
    async with ann.socket() as socket:
        await (await socket.stream(reply)).rest()


async def test_a_reply_is_one_trace_from_the_mutation_to_the_end(backend: Backend, spans: InMemorySpanExporter) -> None:
    async with serving(backend.settings(model="scripted?chars=40&rate=0", traces=True), replies=True) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        await finished(ann, reply)
        key = relay.key_of("Message", reply)
        await until(lambda: "reply" in trace_of(spans, key.int))
        trace = trace_of(spans, key.int)
    assert set(trace) == {"reply", "mutation", "wait", "first text", "write"}
    root = trace["reply"]
    assert root.parent is None
    assert {span.parent.span_id for span in trace.values() if span.parent} == {root.context.span_id}
    assert root.attributes is not None
    assert root.attributes["row.status"] == "COMPLETE"
    (link,) = trace["mutation"].links
    assert link.context.trace_id in {span.context.trace_id for span in spans.get_finished_spans()}


async def test_a_failed_reply_is_an_error(backend: Backend, spans: InMemorySpanExporter) -> None:
    model = "scripted?chars=40&rate=0&fail_at=20"
    async with serving(backend.settings(model=model, traces=True), replies=True) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        await finished(ann, reply)
        key = relay.key_of("Message", reply)
        await until(lambda: "reply" in trace_of(spans, key.int))
        root = trace_of(spans, key.int)["reply"]
        assert not root.status.is_ok
        assert root.attributes is not None
        assert root.attributes["row.error_code"] == "PROVIDER"


async def test_a_reply_that_is_stopped_ends_its_trace(backend: Backend, spans: InMemorySpanExporter) -> None:
    async with serving(backend.settings(model="scripted?stall_at=20&rate=0", traces=True), replies=True) as server:
        ann = await server.person("Ann")
        reply = await ann.prompt()
        async with ann.socket() as socket:
            stream = await socket.stream(reply)
            await stream.next()
            await ann.mutate("stopMessage", messageId=reply)
            await stream.rest()
        key = relay.key_of("Message", reply)
        await until(lambda: "reply" in trace_of(spans, key.int))
        attributes = trace_of(spans, key.int)["reply"].attributes
        assert attributes is not None
        assert attributes["row.status"] == "ENDED_ELSEWHERE"


async def ask(server: Running, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(server.url, json={"query": "{ __typename }"}, headers=headers)


async def test_a_trusted_proxy_names_the_request_and_its_trace(backend: Backend, spans: InMemorySpanExporter) -> None:
    async with serving(backend.settings(traces=True, trust_request_ids=True)) as server:
        response = await ask(server, **{"x-request-id": "proxy-7", "traceparent": PARENT})
        assert response.headers["x-request-id"] == "proxy-7"
        trace = trace_of(spans, int(PARENT.split("-")[1], 16))
        assert trace["POST /graphql"].attributes == {"request.id": "proxy-7"}
        for odd in ("x" * 129, "a b", "a\tb", ""):
            assert (await ask(server, **{"x-request-id": odd})).headers["x-request-id"] != odd


async def test_strangers_name_neither(backend: Backend, spans: InMemorySpanExporter) -> None:
    async with serving(backend.settings(traces=True)) as server:
        response = await ask(server, **{"x-request-id": "proxy-7", "traceparent": PARENT})
    assert response.headers["x-request-id"] != "proxy-7"
    assert trace_of(spans, int(PARENT.split("-")[1], 16)) == {}
