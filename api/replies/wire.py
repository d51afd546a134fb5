"""Reads a provider's response before its SDK does.

SDKs and pydantic-ai fail on metadata that they did not expect, add up totals, and read on until the connection ends. So
each event is cleaned on its way to the SDK (`dialects`), and the rest is noted in a `Report`:

    REPORT.set(report := Report())
    async with model_request_stream(model, messages) as stream:    # with an HTTP client of `http_client`
        async for event in stream: ...
    report.word, report.tokens, report.model

The end comes from the protocol. After a finish reason, a provider has USAGE_SECONDS for its usage. Then the response
ends, even if the provider keeps the connection open.
"""

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncIterator
from contextvars import ContextVar

import httpx2
from pydantic_ai.models import create_async_httpx2_client

from api.replies.completions import events_of
from api.replies.dialects import Report, clean
from api.replies.sse import Event, EventParser

USAGE_SECONDS = 2.0
"""Longest wait for the usage after a finish reason. Text that still arrives starts the time again."""

TRAILER_SECONDS = 0.1
"""Longest wait after the last event of the protocol. A connection that ends within it can be used again."""

MOST_BYTES = 16_000_000
"""Longest event, and longest answer that is no stream. A longer one ends the response."""

REPORT: ContextVar[Report] = ContextVar("REPORT")
"""The report of the response that the current task asks for."""


def http_client() -> httpx2.AsyncClient:
    """The client of pydantic-ai's providers, with every response cleaned. Close it."""
    client = create_async_httpx2_client()
    client.event_hooks["response"].append(_clean_response)
    return client


async def _clean_response(response: httpx2.Response) -> None:
    report = REPORT.get(None)
    if report is None or response.status_code != httpx2.codes.OK or not _asks_for_stream(response.request):
        return
    body = httpx2.Response(response.status_code, headers=response.headers, stream=response.stream)
    report.seen = True
    response.stream = CleanBody(body, report)
    for name in ("content-encoding", "content-length"):
        response.headers.pop(name, None)
    response.headers["content-type"] = "text/event-stream"


def _asks_for_stream(request: httpx2.Request) -> bool:
    """Whether the request is for an answer. Some SDKs also fetch tokens with the same client."""
    try:
        return request.url.path.endswith(":streamGenerateContent") or b'"stream":true' in request.content
    except httpx2.RequestNotRead:  # an upload
        return False


class CleanBody(httpx2.AsyncByteStream):
    """The events of a response, cleaned. A response that is a JSON text instead is converted into events."""

    def __init__(self, body: httpx2.Response, report: Report) -> None:
        self._body = body
        self._report = report
        self._deadline: float | None = None

    async def aclose(self) -> None:
        await self._body.aclose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = aiter(self._body.aiter_bytes())
        first = b""
        async for piece in pieces:
            first += piece
            if begun := first.removeprefix(BOM_UTF8).lstrip():
                break
        else:
            return
        read = self._whole if begun.startswith((b"{", b"[")) else self._events
        async for event in read(first, pieces):
            yield event

    async def _whole(self, first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        body = bytearray(first)
        async for piece in pieces:
            body += piece
            if len(body) > MOST_BYTES:
                return
        for event in events_of(bytes(body)):
            yield self._cleaned(event)

    async def _events(self, first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        parser = EventParser(MOST_BYTES)
        for event in parser.feed(first):
            yield self._cleaned(event)
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    piece = await anext(pieces, b"")
            except TimeoutError:
                return  # the answer is complete, and the provider only keeps the connection open
            if not piece:
                break
            for event in parser.feed(piece):
                yield self._cleaned(event)
        for event in parser.finish():
            yield self._cleaned(event)

    def _cleaned(self, event: Event) -> bytes:
        report = self._report
        texts, ended = report.texts, report.ended
        cleaned = clean(event, report).encode()
        if report.ended and (report.texts > texts or report.closed or not ended):
            wait = TRAILER_SECONDS if report.closed else USAGE_SECONDS
            self._deadline = asyncio.get_running_loop().time() + wait
        return cleaned
