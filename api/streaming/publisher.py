"""What is owed to the bus, handed over without waiting: a bus that stalls holds up no commit and no heartbeat."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog

from api.streaming.announcements import PendingEvent

log = structlog.get_logger(__name__)

LAST_NEWS_SECONDS = 1.0
"""For the last announcements of a process that ends."""


class Publisher:
    """Takes announcements at once and publishes them in its own time; per channel the greatest revision wins.

    What could not be published is dropped: the database is the truth, and the sweep finds it there.
    """

    def __init__(self, publish: Callable[[Iterable[tuple[str, str]]], Awaitable[None]]) -> None:
        self._publish = publish
        self._owed: dict[tuple[str, str], tuple[int, str]] = {}
        self._waiting = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def offer(self, channel: str, message: str, *, revision: int = 0, about: str = "") -> None:
        """Publish this soon, unless something greater is already owed on its channel about the same thing."""
        owed = self._owed.get((channel, about))
        if owed is None or owed[0] <= revision:
            self._owed[channel, about] = (revision, message)
            self._waiting.set()
            self._idle.clear()

    def announce(self, events: Iterable[PendingEvent]) -> None:
        """Publish these events soon."""
        for event in events:
            self.offer(event.channel, event.message, revision=event.revision, about=event.about)

    async def drained(self) -> None:
        """Wait until nothing is owed."""
        await self._idle.wait()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="publisher")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What is still owed gets a moment; nobody waits longer for a bus that is away."""
        assert self._task is not None
        with suppress(TimeoutError):
            await asyncio.wait_for(self.drained(), LAST_NEWS_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            owed = [(channel, message) for (channel, _), (_, message) in self._owed.items()]
            self._owed.clear()
            try:
                await self._publish(owed)
            except Exception as error:
                log.warning("not published", messages=len(owed), error=repr(error))
            if not self._owed:
                self._idle.set()
