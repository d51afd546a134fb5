"""All open WebSockets of this process, so that they can be closed when the server stops."""

from starlette.websockets import WebSocket

from api.graphql.context import Services
from api.graphql.execution.operations import Operations
from api.graphql.transport.admission import Admission
from api.graphql.transport.arrivals import Arrivals
from api.graphql.transport.busy import BUSY
from api.graphql.transport.close_codes import RESTARTING, SERVICE_RESTART, TRY_AGAIN_LATER, Closed
from api.graphql.transport.connections import CONNECTIONS
from api.graphql.transport.websocket import Socket


class Sockets:
    """Serves sockets, and closes them when the server stops."""

    def __init__(self, operations: Operations, services: Services, admission: Admission) -> None:
        self._operations = operations
        self._services = services
        self._open: set[Socket] = set()
        self._arrivals = Arrivals(services.settings.anonymous_sockets, admission)

    async def __call__(self, websocket: WebSocket) -> None:
        if not _same_site(websocket, self._services.settings.allowed_origins):
            await websocket.close(reason="This origin is not allowed; see TWOTRACK_ALLOWED_ORIGINS")
            return
        if CONNECTIONS.full:
            await _refuse(websocket, BUSY)
            return
        try:
            with self._arrivals.arriving(websocket.client.host if websocket.client else "") as arrival:
                socket = Socket(websocket, self._operations, self._services, arrival)
                self._open.add(socket)
                try:
                    await socket.serve()
                finally:
                    self._open.discard(socket)
        except Closed as closed:
            await _refuse(websocket, closed.reason)

    def drain(self) -> None:
        """Close all sockets, so that their clients reconnect."""
        for socket in list(self._open):
            socket.end(Closed(SERVICE_RESTART, RESTARTING))


async def _refuse(websocket: WebSocket, reason: str) -> None:
    await websocket.accept(websocket.scope["subprotocols"][0] if websocket.scope["subprotocols"] else None)
    await websocket.close(TRY_AGAIN_LATER, reason)


def _same_site(websocket: WebSocket, allowed: tuple[str, ...]) -> bool:
    """Browsers always send an Origin with a handshake; a client that sends none is not a page in a browser."""
    origin = websocket.headers.get("origin")
    return (
        origin is None
        or origin in allowed
        or "*" in allowed
        or origin.partition("://")[2] == websocket.headers.get("host")
    )
