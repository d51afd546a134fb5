"""Which channels are wanted here and which of them Redis has confirmed: the books, kept without a connection."""

import asyncio
from collections.abc import Callable

BATCH_CHANNELS = 1_000
"""Named in one SUBSCRIBE: ten thousand channels are back after ten round trips, none of which holds up Redis."""


class Subscriptions:
    """Joins and leaves only note what is wanted and never wait: so they cannot cross, fail or be cancelled half-way.

    Whoever holds the connection brings Redis in step, batch by batch: `batch`, and `answered` for each reply.
    """

    def __init__(self, *, caught_up: Callable[[], None]) -> None:
        self.open = False
        """Whether there is a connection."""
        self.work = asyncio.Event()
        """Set when `batch` may have something for Redis."""
        self._caught_up = caught_up
        """Called once nothing is read unconfirmed any more, after a time in which messages may have been missed."""
        self._wanted: set[str] = set()
        self._changed: set[str] = set()
        """Channels that Redis has to be told about."""
        self._held: set[str] = set()
        """Channels that Redis has confirmed, and has not been told to drop since."""
        self._unanswered = 0
        """Channels of the batch under way. One batch at a time: then a reply can only mean the latest wish."""
        self._confirmations: dict[str, asyncio.Event] = {}
        self._unconfirmed: set[str] = set()
        """Channels that are read although Redis has not confirmed them (again)."""
        self._missed = False
        """Messages may have been missed, and nobody was told yet."""

    def __len__(self) -> int:
        return len(self._wanted)

    def __contains__(self, channel: str) -> bool:
        """Whether all that is published there now will be heard."""
        return channel in self._held

    def join(self, channel: str) -> None:
        self._wanted.add(channel)
        self._change(channel)

    def leave(self, channel: str) -> None:
        self._wanted.discard(channel)
        self._confirmations.pop(channel, None)
        self._change(channel)
        self._settle(channel)

    async def confirmed(self, channel: str, within: float) -> None:
        """Wait until Redis has confirmed the channel; not for long, and not at all without a connection.

        Then it is read unconfirmed, and `caught_up` follows when it is.
        """
        if channel in self:
            return
        if not self.open:
            self._missed = True
            return
        try:
            async with asyncio.timeout(within):
                await self._confirmations.setdefault(channel, asyncio.Event()).wait()
        except TimeoutError:
            if channel in self._wanted and channel not in self:
                self._unconfirmed.add(channel)
                self._missed = True

    def opened(self) -> None:
        """A new connection, on which Redis knows of nothing yet."""
        self.open = True
        self._changed = set(self._wanted)
        self._unconfirmed = set(self._wanted)
        self._catch_up()

    def lost(self) -> None:
        self.open = False
        self._missed = True
        self._unanswered = 0
        self._held.clear()
        for confirmation in self._confirmations.values():
            confirmation.set()
        self._confirmations.clear()

    def batch(self) -> tuple[list[str], list[str]]:
        """The channels to unsubscribe and to subscribe now; both empty while the last batch is not answered."""
        leave: list[str] = []
        join: list[str] = []
        while not self._unanswered and self._changed and len(leave) + len(join) < BATCH_CHANNELS:
            channel = self._changed.pop()
            if channel in self._wanted and channel not in self._held:
                join.append(channel)
            elif channel not in self._wanted and channel in self._held:
                leave.append(channel)
        self._held.difference_update(leave)
        self._unanswered += len(leave) + len(join)
        return leave, join

    def answered(self, channel: str, *, subscribed: bool) -> None:
        """Redis did what one channel of the batch asked."""
        self._unanswered -= 1
        if not self._unanswered:
            self.work.set()
        if subscribed:
            self._held.add(channel)
            if confirmation := self._confirmations.pop(channel, None):
                confirmation.set()
            self._settle(channel)

    def _change(self, channel: str) -> None:
        self._changed.add(channel)
        self.work.set()

    def _settle(self, channel: str) -> None:
        self._unconfirmed.discard(channel)
        self._catch_up()

    def _catch_up(self) -> None:
        if self._missed and self.open and not self._unconfirmed:
            self._missed = False
            self._caught_up()
