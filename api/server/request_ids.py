"""Gives each request an id, and logs one line for it."""

import time
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

log = structlog.get_logger(__name__)


class RequestIds:
    """ASGI middleware: the id is in the log and in the `X-Request-Id` header.

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
        status: dict[str, Any] = {}

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                MutableHeaders(scope=message)["x-request-id"] = request_id
                status.setdefault("status", message.get("status", 101))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if (code := scope.get("close_code")) is not None:
                status["code"] = code
            took = round((time.monotonic() - started) * 1000)
            log.info(
                "request",
                request_id=request_id,
                method=scope.get("method", "WEBSOCKET"),
                path=scope["path"],
                **status,
                ms=took,
            )
