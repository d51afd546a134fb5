"""Traces for OpenTelemetry: one trace for each streamed row, from the mutation to its end. Off by default.

Every process makes the ids of a row's trace from the row's id, so that a server and a worker contribute to one trace
and nothing has to be stored or sent for it:

    reply                       from the mutation to the end; its trace id is the row's id
      mutation                  the request that made the row wait, linked to the request's own trace
      wait                      until a worker claimed the row
      first text                from the claim until the first text was committed
      write                     from the claim to the end

Where they are sent is set by OpenTelemetry's own variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT`.
https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from api.errors import SettingsError
from api.settings import PREFIX
from api.streaming.observer import Observer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from starlette.types import Scope

_request: ContextVar["tuple[SpanContext, int] | None"] = ContextVar("request", default=None)
"""The span of the current request, and when it began."""

_provider: "TracerProvider | None" = None
"""Set while traces are on. One for the process: requests and workers share the exporter."""


def start(processor: "SpanProcessor | None" = None) -> None:
    """Turn traces on in this process. Raises SettingsError if the packages for it are not installed.

    `processor` receives the spans; by default they are exported in the background, over OTLP.
    """
    global _provider
    if _provider is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from api.server.trace_ids import TraceIds
    except ImportError:
        raise SettingsError(
            f"{PREFIX}TRACES needs packages that are not installed: `pip install 'twotrack[tracing]'`."
        ) from None
    _provider = TracerProvider(resource=Resource.create({"service.name": "twotrack"}), id_generator=TraceIds())
    _provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))


def stop() -> None:
    """Export what is pending, and turn traces off."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


@contextmanager
def request(scope: "Scope", traceparent: str | None) -> Iterator[None]:
    """A span of the request while the block runs. It continues the trace of `traceparent`, if there is one."""
    if _provider is None:
        yield
        return
    parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent} if traceparent else {}, Context())
    began = time.time_ns()
    span = _provider.get_tracer("twotrack").start_span(
        f"{scope.get('method', 'WEBSOCKET')} {scope['path'] if scope['path'] == '/graphql' else 'page'}",
        parent,
        SpanKind.SERVER,
        {"request.id": scope["request_id"]},
        start_time=began,
    )
    token = _request.set((span.get_span_context(), began))
    try:
        yield
    finally:
        _request.reset(token)
        span.end()


ENDED_ELSEWHERE = "ENDED_ELSEWHERE"
"""Status in a trace of a row that another process stopped, deleted or took over."""


@dataclass
class _Writing:
    """A row that this process writes: its times, in nanoseconds since 1970."""

    waited_from: int
    claimed: int
    shown: int | None = None


class Traces(Observer):
    """Makes the spans of rows, and passes everything on to another observer."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._rows: dict[UUID, _Writing] = {}

    def topics(self, count: int) -> None:
        self._observer.topics(count)

    def delivered(self, row: Any) -> None:
        self._observer.delivered(row)

    def writing(self, model: type, count: int) -> None:
        self._observer.writing(model, count)

    def enqueued(self, model: type, key: UUID) -> None:
        self._observer.enqueued(model, key)
        context, began = _request.get() or (None, time.time_ns())
        links = [Link(context)] if context is not None else []
        _span(key, "mutation", began, time.time_ns(), model=model, links=links)

    def claimed(self, row: Any) -> None:
        self._observer.claimed(row)
        now = time.time_ns()
        asked = getattr(row, "updated_at", None)
        self._rows[row.id] = _Writing(int(asked.timestamp() * 1e9) if asked is not None else now, now)

    def released(self, row: Any) -> None:
        self._observer.released(row)
        if row.id in self._rows:
            self._finish(type(row), row.id, ENDED_ELSEWHERE, None)

    def shown(self, model: type, key: UUID) -> None:
        self._observer.shown(model, key)
        if (row := self._rows.get(key)) is not None and row.shown is None:
            row.shown = time.time_ns()

    def ended(self, model: type, key: UUID, status: str, code: str | None) -> None:
        self._observer.ended(model, key, status, code)
        self._finish(model, key, status, code)

    def _finish(self, model: type, key: UUID, status: str, code: str | None) -> None:
        now = time.time_ns()
        row = self._rows.pop(key, None) or _Writing(now, now)
        _span(key, "wait", row.waited_from, row.claimed, model=model)
        if row.shown is not None:
            _span(key, "first text", row.claimed, row.shown, model=model)
        _span(key, "write", row.claimed, now, model=model)
        _root(key, row.waited_from, now, model=model, status=str(status), code=code)


def _context(key: UUID) -> SpanContext:
    """The root span of a row's trace. The last half of a UUIDv7 is random."""
    return SpanContext(key.int, key.int & (2**64 - 1), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _span(key: UUID, name: str, start: int, end: int, *, model: type, links: list[Link] | None = None) -> None:
    if _provider is None:
        return
    parent = trace.set_span_in_context(NonRecordingSpan(_context(key)), Context())
    tracer = _provider.get_tracer("twotrack")
    attributes = {"row.model": model.__name__, "row.id": str(key)}
    tracer.start_span(name, parent, attributes=attributes, links=links, start_time=start).end(max(start, end))


def _root(key: UUID, start: int, end: int, *, model: type, status: str, code: str | None) -> None:
    if _provider is None:
        return
    from api.server.trace_ids import as_root

    attributes = {"row.model": model.__name__, "row.id": str(key), "row.status": status}
    if code is not None:
        attributes["row.error_code"] = code
    with as_root(_context(key)):
        span = _provider.get_tracer("twotrack").start_span("reply", Context(), attributes=attributes, start_time=start)
    if code is not None:
        span.set_status(Status(StatusCode.ERROR, code))
    span.end(max(start, end))
