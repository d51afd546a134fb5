"""Publishes announcements in the background, so that a stalled bus delays no commit and no heartbeat."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from api.streaming import channels
from api.streaming.announcements import PendingEvent
from api.streaming.observer import NO_OBSERVER, Observer
from api.streaming.store import FailureLog

SHUTDOWN_SECONDS = 1.0
"""How long a process that shuts down tries to publish what is pending."""


class Publisher:
    """Takes announcements without waiting and publishes them soon. Its lifetime is an `async with`.

    Of the pending messages with the same channel and key, only the one with the greatest revision is published. What
    cannot be published is dropped: the sweep finds it in the database.

    `publish` takes (channel, message) pairs and publishes them, as `Bus.publish_all` does. `observer` is called by the
    transactions that announce here.
    """

    def __init__(
        self, publish: Callable[[Iterable[tuple[str, str]]], Awaitable[None]], *, observer: Observer = NO_OBSERVER
    ) -> None:
        self._publish = publish
        self.observer = observer
        self._pending: dict[tuple[str, str], tuple[int, str]] = {}
        """The revision and the message by channel and key."""
        self._has_pending = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="publisher")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        with suppress(TimeoutError):
            await asyncio.wait_for(self.drained(), SHUTDOWN_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def announce(self, events: Iterable[PendingEvent]) -> None:
        """Publish these events soon."""
        for event in events:
            self.publish(event.channel, event.message, revision=event.revision, key=event.key)

    def publish(self, channel: str, message: str, *, revision: int = 0, key: str = "") -> None:
        """Publish the message soon, unless one with a greater revision is pending for the same channel and key."""
        pending = self._pending.get((channel, key))
        if pending is None or pending[0] <= revision:
            self._pending[channel, key] = (revision, message)
            self._has_pending.set()
            self._idle.clear()

    async def drained(self) -> None:
        """Wait until nothing is pending and the last publish has ended."""
        await self._idle.wait()

    async def _run(self) -> None:
        failures = FailureLog("publish failed")
        while True:
            await self._has_pending.wait()
            self._has_pending.clear()
            messages = [(channel, message) for (channel, _), (_, message) in self._pending.items()]
            # A viewer who lost access must not receive the change by which they lost it.
            messages.sort(key=lambda sent: sent[0] != channels.ACCESS)
            self._pending.clear()
            try:
                await self._publish(messages)
            except Exception as error:
                failures.failed(error, messages=len(messages))
            else:
                failures.succeeded()
            if not self._pending:
                self._idle.set()
