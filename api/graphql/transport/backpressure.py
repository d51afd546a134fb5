"""Backpressure: a client that does not read costs a small buffer in the kernel and one write here, for a limited time.

uvicorn's protocols would wait for such a client for ever, and the kernel would queue 3 MB for it. `Bounded` relies on
asyncio's Protocol alone, so that it serves responses and sockets on the plain path too.
"""

import asyncio
import logging
import socket
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.graphql.transport.admission import ADMISSION, Admission
from api.graphql.transport.busy import busy_answer
from api.graphql.transport.close_codes import RESTARTING, SERVICE_RESTART
from api.graphql.transport.connections import CONNECTIONS
from api.graphql.transport.messages import Messages

SEND_TIMEOUT = "send_timeout_seconds"
"""Key in the lifespan's state: how long a client may take nothing of what it is sent, in seconds."""

SEND_BUFFER_BYTES = 65_536
"""The kernel's send buffer; Linux doubles it. By default the kernel would keep megabytes of stale snapshots."""

LAST_WORD_SECONDS = 120.0
"""For a stuck client to come back and read the close frame, such as a frozen tab or a machine that slept for a moment.
It costs a socket and the one write that waits there."""

HEADER_SECONDS = 20.0
"""For a request's headers to arrive, the handshake of a WebSocket among them. uvicorn would wait for ever."""

QUIET = logging.getLogger("twotrack.sockets")
"""For the lines of uvicorn and websockets about each socket. The application logs one line for it."""
QUIET.setLevel(logging.WARNING)

VANISHED_SECONDS = 30
"""After these seconds more, the kernel gives up a client whose machine does not answer at all."""


class Bounded(asyncio.Protocol):
    """Mixin that stands before one of uvicorn's protocols among the base classes."""

    app_state: dict[str, Any]
    """uvicorn's: the state that the lifespan yielded."""

    closing_seconds = 0.0
    """From the close frame to the end of the connection, for a stuck client."""

    _transport: asyncio.Transport
    _checking: asyncio.TimerHandle | None = None
    _unsent = 0

    @property
    def send_timeout(self) -> float:
        """In seconds."""
        return cast(float, self.app_state[SEND_TIMEOUT])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport = cast(asyncio.Transport, transport)
        # Full as soon as the kernel is: at most one write waits here, and the next one is the latest.
        self._transport.set_write_buffer_limits(0)
        own: socket.socket = transport.get_extra_info("socket")
        if own.family in (socket.AF_INET, socket.AF_INET6):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                seconds = self.send_timeout + self.closing_seconds + VANISHED_SECONDS
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1_000))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._check_later()

    def resume_writing(self) -> None:
        self._stop_checking()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        CONNECTIONS.closed(self._transport)
        self._stop_checking()
        super().connection_lost(exc)

    def stuck(self) -> None:
        """The client has taken nothing for too long."""

    def _check_later(self) -> None:
        self._unsent = self._transport.get_write_buffer_size()
        self._checking = asyncio.get_running_loop().call_later(self.send_timeout, self._check)

    def _check(self) -> None:
        """A client that takes a little is left alone: a long message over a slow connection takes its time."""
        if self._transport.get_write_buffer_size() < self._unsent:
            self._check_later()
            return
        # Not `close`, which would wait for the client to take the rest.
        self._checking = asyncio.get_running_loop().call_later(self.closing_seconds, self._transport.abort)
        self.stuck()

    def _stop_checking(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
            self._checking = None


class BoundedHTTP(Bounded, H11Protocol):
    """HTTP: single answers, and subscriptions as one long response."""

    _upgrade: h11.Request | None = None
    """The handshake of a WebSocket that waits for its turn."""

    _awaiting: asyncio.TimerHandle | None = None
    """Runs while the headers of a request are missing: from the connection or the request's first byte on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        CONNECTIONS.opened(self._transport, self)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        if self._upgrade is not None:  # a client must wait for the answer to its handshake
            self._transport.abort()
            return
        super().data_received(data)
        if self._transport.get_protocol() is not self or not self.idle():
            self._stop_awaiting()
        elif self._awaiting is None:
            self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_awaiting()
        if self._upgrade is not None:
            self._upgrade = None
            self._admission.leave(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._upgrade is not None:
            self._admission.leave(self)
            self.refuse()
        super().shutdown()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        if ADMISSION not in self.app_state:
            super().handle_websocket_upgrade(event)
            return
        self._upgrade = event
        self._admission.arrive(self)

    def begin(self) -> None:
        """Answer the handshake. The protocol of the WebSocket says when that has ended."""
        event, self._upgrade = self._upgrade, None
        assert event is not None
        self._stop_awaiting()
        super().handle_websocket_upgrade(event)

    def refuse(self) -> None:
        """Have the client of the handshake retry."""
        event, self._upgrade = self._upgrade, None
        assert event is not None
        if (answer := busy_answer(event.method, self.headers)) is not None:
            self._transport.write(answer)
            self._transport.close()
        else:
            self.send_400_response("This is not the handshake of a WebSocket.")

    @property
    def _admission(self) -> Admission:
        return cast(Admission, self.app_state[ADMISSION])

    def idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _await_headers(self) -> None:
        self._awaiting = asyncio.get_running_loop().call_later(HEADER_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._awaiting = None
        if self.idle():
            self._transport.write(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self._transport.close()

    def _stop_awaiting(self) -> None:
        if self._awaiting is not None:
            self._awaiting.cancel()
            self._awaiting = None


class BoundedSocket(Bounded, WebSocketsSansIOProtocol):
    """WebSockets on the plain path: uvicorn writes every message."""

    closing_seconds = LAST_WORD_SECONDS

    streams = 0
    """Subscriptions to objects that are being generated: what a restart interrupts."""

    _arriving: Admission | None = None
    """Counts this socket until its handshake was answered."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.logger = self.conn.logger = QUIET
        self.queue = Messages()  # type: ignore[assignment]
        self._arriving = self.app_state.get(ADMISSION)
        super().connection_made(transport)
        CONNECTIONS.opened(self._transport, None)

    def start_keepalive(self) -> None:
        super().start_keepalive()
        del self.request, self.response  # the scope has what is needed of them
        self._arrived()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._arrived()
        # Its frame holds the connection that holds it: the two would wait for the garbage collector, with all that the
        # socket refers to.
        self.conn.parser.close()

    def shutdown(self) -> None:
        """uvicorn would close an open socket with 1012 as well, but without a reason."""
        if self.handshake_complete and not self.close_sent and not self.disconnected:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": SERVICE_RESTART})
            self.conn.send_close(SERVICE_RESTART, RESTARTING)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        super().shutdown()

    def _arrived(self) -> None:
        """The handshake was answered, or its client left."""
        arriving, self._arriving = self._arriving, None
        if arriving is not None:
            arriving.ended()

    def keepalive_timeout(self) -> None:
        """The connection is half-open. uvicorn would close it with 1011, which clients take for final."""
        self._transport.abort()
