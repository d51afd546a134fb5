"""Which channels this process wants, and which of them Redis has confirmed. It sends and receives nothing itself."""

import asyncio
from collections.abc import Callable

BATCH_CHANNELS = 1_000
"""Most channels in one SUBSCRIBE. Ten thousand channels are back after ten round trips, and none of them blocks Redis
for long."""


class RedisChannels:
    """The wanted and the confirmed channels.

    `join` and `leave` only note what is wanted. They never wait, so they cannot cross, fail or be cancelled half-way.
    The owner of the connection sends the differences to Redis: it sends what `next_batch` returns, and calls `answered`
    for each reply.
    """

    def __init__(self, *, caught_up: Callable[[], None]) -> None:
        self.is_connected = False
        self.work = asyncio.Event()
        """Set when `next_batch` may have something to send."""
        self._caught_up = caught_up
        """Called when messages may have been missed, once all channels are confirmed again."""
        self._wanted: set[str] = set()
        self._changed: set[str] = set()
        """Channels that may have to be subscribed or unsubscribed."""
        self._subscribed: set[str] = set()
        """Channels that Redis has confirmed, and for which no UNSUBSCRIBE was sent since."""
        self._unanswered = 0
        """Channels of the batch that is under way. With one batch at a time, a reply always means the latest wish."""
        self._confirmations: dict[str, asyncio.Event] = {}
        self._unconfirmed: set[str] = set()
        """Channels that are read although Redis has not confirmed them, or not since it reconnected."""
        self._missed = False
        """Whether messages may have been missed and `caught_up` was not called since."""

    def __len__(self) -> int:
        return len(self._wanted)

    def __contains__(self, channel: str) -> bool:
        """Whether everything that is published on the channel from now on will be received."""
        return channel in self._subscribed

    def join(self, channel: str) -> None:
        self._wanted.add(channel)
        self._change(channel)

    def leave(self, channel: str) -> None:
        self._wanted.discard(channel)
        self._confirmations.pop(channel, None)
        self._change(channel)
        self._clear_unconfirmed(channel)

    def _change(self, channel: str) -> None:
        self._changed.add(channel)
        self.work.set()

    async def wait_confirmed(self, channel: str, within: float) -> None:
        """Wait until Redis has confirmed the channel, for `within` seconds at most; without a connection, not at all.

        If it is not confirmed by then, it is read nevertheless, and `caught_up` follows once it is.
        """
        if channel in self:
            return
        if not self.is_connected:
            self._missed = True
            return
        try:
            async with asyncio.timeout(within):
                await self._confirmations.setdefault(channel, asyncio.Event()).wait()
        except TimeoutError:
            if channel in self._wanted and channel not in self:
                self._unconfirmed.add(channel)
                self._missed = True

    def connection_opened(self) -> None:
        """There is a new connection, for which Redis knows no channel yet."""
        self.is_connected = True
        self._changed = set(self._wanted)
        self._unconfirmed = set(self._wanted)
        self._report_caught_up()

    def connection_lost(self) -> None:
        self.is_connected = False
        self._missed = True
        self._unanswered = 0
        self._subscribed.clear()
        for confirmation in self._confirmations.values():
            confirmation.set()
        self._confirmations.clear()

    def next_batch(self) -> tuple[list[str], list[str]]:
        """The channels to unsubscribe and to subscribe now. Both are empty until the last batch is answered."""
        leave: list[str] = []
        join: list[str] = []
        while not self._unanswered and self._changed and len(leave) + len(join) < BATCH_CHANNELS:
            channel = self._changed.pop()
            if channel in self._wanted and channel not in self._subscribed:
                join.append(channel)
            elif channel not in self._wanted and channel in self._subscribed:
                leave.append(channel)
        self._subscribed.difference_update(leave)
        self._unanswered += len(leave) + len(join)
        return leave, join

    def answered(self, channel: str, *, subscribed: bool) -> None:
        """Redis confirmed that it subscribed or unsubscribed one channel of the batch."""
        self._unanswered -= 1
        if not self._unanswered:
            self.work.set()
        if subscribed:
            self._subscribed.add(channel)
            if confirmation := self._confirmations.pop(channel, None):
                confirmation.set()
            self._clear_unconfirmed(channel)

    def _clear_unconfirmed(self, channel: str) -> None:
        self._unconfirmed.discard(channel)
        self._report_caught_up()

    def _report_caught_up(self) -> None:
        if self._missed and self.is_connected and not self._unconfirmed:
            self._missed = False
            self._caught_up()
