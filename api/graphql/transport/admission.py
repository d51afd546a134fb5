"""How many WebSocket handshakes a process works on at once. The rest waits for a moment, or is told to retry.

When a server restarts, its clients connect to the others at the same time. A server that began all handshakes at once
would finish the first of them when most clients have given up, and would have worked for nothing.

A handshake waits before anything is done for it. A few begin in each turn of the event loop, so work that was begun
comes first, and a busy loop admits less.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

ADMISSION = "admission"
"""Key in the lifespan's state."""

BEGUN_IN_A_TURN = 4
"""Handshakes that begin in one turn of the event loop. Each costs some milliseconds until its socket is subscribed."""

WAITING_FACTOR = 10
"""So many times more may wait."""

WAIT_SECONDS = 7.0
"""The longest wait: less than the 10 s after which our client gives up."""


class Handshake(Protocol):
    """A WebSocket handshake that has arrived."""

    def begin(self) -> None:
        """Answer it. `Admission.ended` must follow, whatever comes of it."""

    def refuse(self) -> None:
        """Have the client retry later, as cheaply as possible."""


class Admission:
    """The handshakes of one process. `at_once` are under way: the server owes each an answer.

    A client that is slow to answer takes no place: only what the server has to do counts.
    """

    def __init__(self, at_once: int, refused: Callable[[], None]) -> None:
        self._at_once = at_once
        self._refused = refused
        """Called for each that is refused."""
        self._under_way = 0
        self._begun = 0
        """In this turn of the event loop."""
        self._waiting: dict[Handshake, float] = {}
        """Since when each waits, the oldest first."""
        self._expiry: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._under_way + len(self._waiting)

    def arrive(self, handshake: Handshake) -> None:
        """Begin it now or in its turn, or refuse it."""
        if not self._waiting and self._has_room():
            self._begin(handshake)
        elif len(self._waiting) < WAITING_FACTOR * self._at_once:
            self._waiting[handshake] = asyncio.get_running_loop().time()
            self._watch()
        else:
            self._refuse(handshake)

    def leave(self, handshake: Handshake) -> None:
        """Its client disconnected while it may have waited."""
        self._waiting.pop(handshake, None)

    def ended(self) -> None:
        """One of those under way was answered, or its client left."""
        self._under_way -= 1
        self._admit()

    @contextmanager
    def working(self) -> Iterator[None]:
        """The server works on a later step of a handshake, which has begun and does not wait."""
        self._under_way += 1
        try:
            yield
        finally:
            self.ended()

    def _has_room(self) -> bool:
        return self._begun < BEGUN_IN_A_TURN and self._under_way < self._at_once

    def _begin(self, handshake: Handshake) -> None:
        if not self._begun:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._begun += 1
        self._under_way += 1
        handshake.begin()

    def _refuse(self, handshake: Handshake) -> None:
        self._refused()
        handshake.refuse()

    def _next_turn(self) -> None:
        self._begun = 0
        self._admit()

    def _admit(self) -> None:
        """Begin as many of those that wait as may, and refuse those that have waited for too long."""
        while self._waiting:
            handshake = next(iter(self._waiting))
            is_late = asyncio.get_running_loop().time() >= self._waiting[handshake] + WAIT_SECONDS
            if not is_late and not self._has_room():
                return
            del self._waiting[handshake]
            if is_late:
                self._refuse(handshake)
            else:
                self._begin(handshake)

    def _watch(self) -> None:
        """Have the oldest refused in time, though none that is under way should end."""
        if self._expiry is None and self._waiting:
            since = next(iter(self._waiting.values()))
            self._expiry = asyncio.get_running_loop().call_at(since + WAIT_SECONDS, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        self._admit()
        self._watch()
