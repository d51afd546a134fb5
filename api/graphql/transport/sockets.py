"""All open WebSockets of this process, so that they can be closed when the server stops."""

from starlette.websockets import WebSocket

from api.graphql.context import Services
from api.graphql.execution.operations import Operations
from api.graphql.transport.close_codes import RESTARTING, SERVICE_RESTART, Closed
from api.graphql.transport.websocket import Socket


class Sockets:
    """Serves sockets, and closes them when the server stops."""

    def __init__(self, operations: Operations, services: Services) -> None:
        self._operations = operations
        self._services = services
        self._open: set[Socket] = set()

    async def __call__(self, websocket: WebSocket) -> None:
        if not _same_site(websocket, self._services.settings.allowed_origins):
            await websocket.close(reason="This origin is not allowed; see TWOTRACK_ALLOWED_ORIGINS")
            return
        socket = Socket(websocket, self._operations, self._services)
        self._open.add(socket)
        try:
            await socket.serve()
        finally:
            self._open.discard(socket)

    def drain(self) -> None:
        """Close all sockets, so that their clients reconnect."""
        for socket in list(self._open):
            socket.end(Closed(SERVICE_RESTART, RESTARTING))


def _same_site(websocket: WebSocket, allowed: tuple[str, ...]) -> bool:
    """Browsers always send an Origin with a handshake; a client that sends none is not a page in a browser."""
    origin = websocket.headers.get("origin")
    return (
        origin is None
        or origin in allowed
        or "*" in allowed
        or origin.partition("://")[2] == websocket.headers.get("host")
    )
