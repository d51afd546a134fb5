"""Gives each request an id, and logs one line per request."""

import time
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

log = structlog.get_logger(__name__)


class RequestIds:
    """ASGI middleware. The id is in the log, in `scope["request_id"]` and in the response's `X-Request-Id` header.

    Not a `BaseHTTPMiddleware`, which would hide from the application that a client disconnected.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = uuid7().hex
        started = time.monotonic()
        result: dict[str, Any] = {}

        async def send_with_id(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                MutableHeaders(scope=message)["x-request-id"] = request_id
                result.setdefault("status", message.get("status", 101))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            if (code := scope.get("close_code")) is not None:
                result["code"] = code
            log.info(
                "request",
                request_id=request_id,
                method=scope.get("method", "WEBSOCKET"),
                path=scope["path"],
                **result,
                ms=round((time.monotonic() - started) * 1000),
            )
