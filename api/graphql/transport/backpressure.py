"""What a peer that does not read may cost: a small buffer in the kernel, one write here, and neither for long.

uvicorn's protocols would wait for such a peer for ever, and the kernel queue 3 MB for it. What is added here leans on
asyncio's Protocol alone, so that it holds for responses and for sockets on the plain path too.
"""

import asyncio
import socket
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SEND_TIMEOUT = "send_timeout_seconds"
"""Where the application's lifespan says how long a peer may take nothing of what it is sent."""

SEND_BUFFER_BYTES = 65_536
"""For the kernel; it doubles that. Left to itself it would keep megabytes of stale snapshots."""

LAST_WORD_SECONDS = 120.0
"""For a stuck reader to come back and read that it is over, and why: a tab that was frozen, a machine that slept for a
moment. It costs a socket and the one write that waits there, and serves nobody meanwhile."""

VANISHED_SECONDS = 30
"""Beyond that the kernel gives up a peer whose machine says nothing at all any more."""


class Bounded(asyncio.Protocol):
    """Stands before a protocol of uvicorn's among the bases of one of ours."""

    app_state: dict[str, Any]
    """uvicorn's: what the lifespan yielded."""

    closing_seconds = 0.0
    """From being stuck to being cut off."""

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
        # Full as soon as the kernel is: so at most one write waits here, and the next one is the newest.
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
        self._stop_checking()
        super().connection_lost(exc)

    def stuck(self) -> None:
        """The peer has taken nothing for too long."""

    def _check_later(self) -> None:
        self._unsent = self._transport.get_write_buffer_size()
        self._checking = asyncio.get_running_loop().call_later(self.send_timeout, self._check)

    def _check(self) -> None:
        """A slow peer that takes a little is let be: a long message over a weak line takes its time."""
        if self._transport.get_write_buffer_size() < self._unsent:
            self._check_later()
            return
        # Not `close`, which would wait for the peer to take the rest.
        self._checking = asyncio.get_running_loop().call_later(self.closing_seconds, self._transport.abort)
        self.stuck()

    def _stop_checking(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
            self._checking = None


class BoundedHTTP(Bounded, H11Protocol):
    """Answers, and subscriptions as one long response."""


class BoundedSocket(Bounded, WebSocketsSansIOProtocol):
    """The plain path: all that is written is written by uvicorn."""

    closing_seconds = LAST_WORD_SECONDS

    def keepalive_timeout(self) -> None:
        """A half-open connection. uvicorn would close it with 1011, which a client takes for final."""
        self._transport.abort()
