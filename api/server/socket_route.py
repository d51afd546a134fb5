"""WebSockets at one path."""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket


class SocketRoute:
    """ASGI middleware that serves WebSockets at one path.

    A route would do the same behind six layers that are made for requests. Each of them costs a handshake time, and a
    socket memory for as long as it lives.
    """

    def __init__(self, app: ASGIApp, path: str, serve: Callable[[WebSocket], Awaitable[None]]) -> None:
        self._app = app
        self._path = path
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] == self._path:
            await self._serve(WebSocket(scope, receive, send))
        else:
            await self._app(scope, receive, send)
