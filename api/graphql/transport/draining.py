"""Closes sockets one after the other when a server stops: their clients reconnect, and should not do so all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

CLOSED_PER_SECOND = 200
"""At least, so that a few sockets delay nothing: one process accepts more in a second."""

STEP_SECONDS = 0.02


class Closable(Protocol):
    """A connection that can be told to end."""

    def shutdown(self) -> None: ...


async def close_evenly(
    sockets: Sequence[Closable],
    seconds: float,
    *,
    is_hurried: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] | None = None,
) -> None:
    """Close the sockets in this order, evenly over the time or sooner. Once `is_hurried`, close all that are left."""
    clock = clock or asyncio.get_running_loop().time
    pace = max(CLOSED_PER_SECOND, len(sockets) / seconds) if seconds > 0 else 0.0
    begun, closed = clock(), 0
    while closed < len(sockets):
        due = len(sockets)
        if seconds > 0 and not is_hurried():
            due = min(due, 1 + int((clock() - begun) * pace))
        for socket in sockets[closed:due]:
            socket.shutdown()
        closed = due
        if closed < len(sockets):
            await sleep(STEP_SECONDS)
