"""The open connections of this process, within the descriptors that it may open.

Without a bound, a stranger who opens connections and leaves them idle would take the last descriptor. Then the process
could accept nothing any more, a health check neither.
"""

import asyncio
import resource
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

RESERVED_DESCRIPTORS = 200
"""Of those that the process may open: for the database, the bus, files, and requests such as health checks."""

LOOKED_AT = 100
"""Connections that are looked at to find an idle one, so that a new connection costs a bounded time."""


class Connection(Protocol):
    """A connection over HTTP."""

    def idle(self) -> bool:
        """Whether no request of it is being answered."""


class Connections:
    """All open connections. Beyond `most`, a new one takes the place of the oldest idle one over HTTP."""

    def __init__(self) -> None:
        self._open: set[asyncio.BaseTransport] = set()
        self._http: dict[asyncio.Transport, Connection] = {}
        """Those that are not sockets, the oldest first."""
        self._most: int | None = None
        self._full = False
        """Whether it was logged that there is no room, and there was none since."""

    @property
    def most(self) -> int:
        """Read at the first connection: the server raises its limit of descriptors when it starts."""
        if self._most is None:
            self._most = max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_DESCRIPTORS)
        return self._most

    @most.setter
    def most(self, most: int) -> None:
        self._most = most

    @property
    def full(self) -> bool:
        """Whether nothing that stays open may be added."""
        return len(self._open) > self.most

    def opened(self, transport: asyncio.Transport, http: Connection | None) -> None:
        """A connection was accepted, or has become a WebSocket: then `http` is None."""
        self._open.add(transport)
        if http is None:
            self._http.pop(transport, None)
            return
        if self.full:
            if not self._full:
                self._full = True
                log.warning(
                    "no room for connections", open=len(self._open), remedy="raise `ulimit -n`, or add processes"
                )
            self._close_idle()
        self._http[transport] = http

    def closed(self, transport: asyncio.Transport) -> None:
        self._open.discard(transport)
        self._http.pop(transport, None)
        if len(self._open) < 0.9 * self.most:
            self._full = False

    def _close_idle(self) -> None:
        for transport in [transport for transport, _ in zip(self._http, range(LOOKED_AT), strict=False)]:
            connection = self._http.pop(transport)
            if connection.idle():
                self._open.discard(transport)
                transport.abort()
                return
            self._http[transport] = connection


CONNECTIONS = Connections()
"""Those of this process. Descriptors are the process's, so its servers share them."""
