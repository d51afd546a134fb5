"""Ids of spans: random, except for the root of a row's trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanContext

_root: ContextVar[SpanContext | None] = ContextVar("root", default=None)


class TraceIds(RandomIdGenerator):
    def generate_trace_id(self) -> int:
        root = _root.get()
        return super().generate_trace_id() if root is None else root.trace_id

    def generate_span_id(self) -> int:
        root = _root.get()
        return super().generate_span_id() if root is None else root.span_id


@contextmanager
def as_root(context: SpanContext) -> Iterator[None]:
    """The span that is started in the block has these ids."""
    token = _root.set(context)
    try:
        yield
    finally:
        _root.reset(token)
