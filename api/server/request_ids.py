"""Gives each request an id, logs one line per request and measures it."""

import asyncio
import re
import time
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from api.server import tracing
from api.server.metrics import Metrics

log = structlog.get_logger(__name__)

ACCEPTABLE = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)
"""An id from a proxy that may stand in a log line and in a header."""

MEASURED_PATHS = ("/graphql", "/healthz", "/readyz", "/metrics")
"""All other paths are the page's, and are one in the metrics: strangers choose paths."""


class RequestIds:
    """ASGI middleware. The id is in the log, in `scope["request_id"]` and in the response's `X-Request-Id` header.

    If `trusted`, the id comes from the request's own `X-Request-Id`, and spans continue its `traceparent`: a proxy must
    set both or remove them, or strangers could choose what is logged.

    Not a `BaseHTTPMiddleware`, which would hide from the application that a client disconnected.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, trusted: bool = False) -> None:
        self._app = app
        self._metrics = metrics
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = scope["request_id"] = self._id(headers)
        started = time.monotonic()
        result: dict[str, Any] = {}
        streams = False

        async def send_with_id(message: Message) -> None:
            nonlocal streams
            if message["type"] in ("http.response.start", "websocket.accept"):
                answer = MutableHeaders(scope=message)
                answer["x-request-id"] = request_id
                streams = answer.get("content-type", "").startswith(("text/event-stream", "multipart/"))
                result.setdefault("status", message.get("status", 101))
            await send(message)

        try:
            with tracing.request(scope, headers.get("traceparent") if self._trusted else None):
                await self._app(scope, receive, send_with_id)
        finally:
            elapsed = time.monotonic() - started
            if scope["type"] == "websocket":
                await asyncio.sleep(0)  # if many sockets end at once, all of them are closed before a line is written
            if (code := scope.get("close_code")) is not None:
                result["code"] = code
            if scope["type"] == "http" and not streams and "status" in result:
                path = scope["path"] if scope["path"] in MEASURED_PATHS else "page"
                self._metrics.answered(path, result["status"], elapsed)
            log.info(
                "request",
                request_id=request_id,
                method=scope.get("method", "WEBSOCKET"),
                path=scope["path"],
                **result,
                ms=round(elapsed * 1000),
            )

    def _id(self, headers: Headers) -> str:
        given = headers.get("x-request-id", "") if self._trusted else ""
        return given if ACCEPTABLE.fullmatch(given) else uuid7().hex
