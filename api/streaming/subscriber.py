"""Subscribers: one for each subscription of a client. A subscriber knows what it follows, what it may see and what it
has passed on.

A subscriber is authorized before it passes anything on. It is authorized again after an invalidation, when some user,
perhaps its viewer, has lost access to what it follows. It holds no queue: when it is ready, it takes the latest state.

    Subscriber
    ├── StreamSubscriber    one streamed row; the client's task takes snapshot after snapshot
    │   └── PushSubscriber  one streamed row; each snapshot is sent from within `deliver`, without a task
    └── SyncSubscriber      the revisions of up to a hundred rows; see `sync_subscriber`
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol
from uuid import UUID

from api.streaming.access import AccessGrant, Key
from api.streaming.errors import Gone
from api.streaming.topic import LatestState, Topic


class Authorizer(Protocol):
    """What a subscriber needs of the hub."""

    async def reauthorize(self, subscriber: "Subscriber", topic: Topic) -> None:
        """Read the row if the viewer may see it, and offer it to all subscribers. Raises Gone if it is not visible."""

    async def reauthorize_revisions(self, subscriber: "Subscriber", topics: Sequence[Topic]) -> set[Topic]:
        """Read the revisions that the viewer may see, and offer them to all subscribers. Returns the other topics."""

    def revoke(self, subscriber: "Subscriber", topic: Topic) -> None:
        """Remove the subscriber's grant for this topic."""


class Subscriber:
    """The topics of one subscription, and the viewer's access to them."""

    __slots__ = ("_changed", "_is_woken", "_waiter", "grants", "invalid", "shares", "topics", "viewer")

    def __init__(self, viewer: UUID | None, *, shares: bool = False) -> None:
        self.viewer = viewer
        self.shares = shares
        """Whether the viewer stands for any number of people, who are authorized together: one query for all."""
        self.topics: dict[Key, Topic] = {}
        self.grants: dict[Topic, AccessGrant] = {}
        self.invalid: set[Topic] = set()
        """Topics that must be authorized again before anything of them is passed on."""
        self._changed: dict[Topic, None] = {}
        self._is_woken = False
        self._waiter: asyncio.Future[None] | None = None
        """The one call of `woken` that waits. An asyncio.Event would take a kilobyte for each subscriber."""

    def deliver(self, topic: Topic) -> None:
        """Note that `topic.latest` is newer than before. The topic calls this, so it must not wait or raise."""
        self._changed[topic] = None
        self.wake()

    def invalidate(self, topic: Topic, epoch: int) -> None:
        """Require a new authorization for this topic, unless the grant already has this access epoch."""
        if topic in self.grants and self.grants[topic].epoch < epoch:
            self.invalid.add(topic)
            self.wake()

    def wake(self) -> None:
        """Let the current call of `woken` return, or the next one."""
        self._is_woken = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def woken(self) -> None:
        """Wait for a delivery, an invalidation or a call of `wake` since the last return."""
        if not self._is_woken:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._is_woken = False

    async def changed(self) -> list[Topic]:
        """Wait for a delivery or an invalidation. Returns the topics with deliveries since the last return."""
        while not self._changed and not self.invalid:
            await self.woken()
        changed = list(self._changed)
        self._changed.clear()
        return changed


class StreamSubscriber(Subscriber):
    """Follows one streamed row."""

    __slots__ = ("_is_authorized", "_sent", "_topic")

    def __init__(self, viewer: UUID | None, *, shares: bool = False) -> None:
        super().__init__(viewer, shares=shares)
        self._topic: Topic | None = None
        self._is_authorized = False
        """Whether it was authorized and not invalidated since."""
        self._sent = 0
        """The revision that was passed on last."""

    def invalidate(self, topic: Topic, epoch: int) -> None:
        super().invalidate(topic, epoch)
        self._is_authorized = self._is_authorized and not self.invalid

    async def authorize(self, hub: Authorizer, topic: Topic) -> None:
        """Authorize until no invalidation comes meanwhile. Raises Gone if the row is not visible to the viewer."""
        self._topic = topic
        while not self._is_authorized:
            await hub.reauthorize(self, topic)
            self._is_authorized = not self.invalid

    def next(self, topic: Topic) -> LatestState | None:
        """The latest state, unless it was passed on already or must not be. Raises Gone if the row was deleted."""
        latest = topic.latest
        if not self._is_authorized or latest.revision <= self._sent:
            return None
        if latest.deleted:
            raise Gone(topic.model)
        return latest

    async def snapshots(self, hub: Authorizer, topic: Topic) -> AsyncIterator[Any]:
        """The current snapshot, then newer ones, up to the final one. Whatever the caller is too slow for is skipped.

        Raises Gone if the row is or becomes deleted or not visible to the viewer.
        """
        while True:
            await self.authorize(hub, topic)
            state = self.next(topic)
            if state is None:
                await self.woken()
                continue
            self._sent = state.revision
            yield state.row
            if state.final:
                return


class PushSubscriber(StreamSubscriber):
    """Follows one streamed row, and sends each snapshot as soon as it is delivered. Subclasses implement `send`."""

    __slots__ = ("_failure", "_has_ended")

    def __init__(self, viewer: UUID | None, *, shares: bool = False) -> None:
        super().__init__(viewer, shares=shares)
        self._has_ended = False
        self._failure: Exception | None = None

    def send(self, row: Any) -> bool:
        """Send the snapshot without waiting. Returns False if the connection is blocked now.

        A snapshot that was refused does not count as sent: call `resume` when the connection takes data again, and the
        latest snapshot is sent. An exception ends this subscription alone. Every update calls this for every
        subscriber, so it must be cheap.
        """
        raise NotImplementedError

    async def run(self, hub: Authorizer, topic: Topic) -> None:
        """Authorize and send, until the final snapshot was sent. Raises Gone, and what `send` raised."""
        try:
            while not self._has_ended:
                await self.authorize(hub, topic)
                self.deliver(topic)
                if not self._has_ended:
                    await self.woken()
        finally:
            self._end()  # it may have been cancelled, and `resume` may still be called
        if self._failure is not None:
            raise self._failure

    def deliver(self, topic: Topic) -> None:
        try:
            state = self.next(topic)
            if state is None or not self.send(state.row):
                return
        except Exception as failure:  # kept for `run`, since the other subscribers must get their update
            self._failure = failure
            self._end()
            return
        self._sent = state.revision
        if state.final:
            self._end()

    def resume(self) -> None:
        """Send the latest snapshot if it was not sent: the connection takes data again."""
        if self._topic is not None and not self._has_ended:
            self.deliver(self._topic)

    def _end(self) -> None:
        self._is_authorized = False
        self._has_ended = True
        self.wake()
