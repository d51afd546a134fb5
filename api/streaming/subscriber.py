"""Subscribers: what one subscription follows, what it may still see, and what it was shown.

A subscriber is authorized before it shows anything, and again after an invalidation: somebody lost access to what it
follows, perhaps its viewer. It holds no queue. Whenever it can take something, it takes the latest state.

    Subscriber
    ├── StreamSubscriber    one streamed row, pulled snapshot by snapshot
    │   └── PushSubscriber  the same, sent from within `deliver`
    └── SyncSubscriber      the revisions of up to a hundred rows
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from api.streaming.access import AccessGrant, Key, RevisedModel
from api.streaming.errors import Gone
from api.streaming.topic import LatestState, Topic


class Authorizer(Protocol):
    """The hub, as a subscriber sees it."""

    async def reauthorize(self, subscriber: "Subscriber", topic: Topic) -> None:
        """Read the row if the viewer may see it, and offer it to all subscribers. Raises Gone."""

    async def reauthorize_revisions(self, subscriber: "Subscriber", topics: Sequence[Topic]) -> set[Topic]:
        """Read the revisions that the viewer may see, and offer them to all. Returns the topics that it may not see."""

    def revoke(self, subscriber: "Subscriber", topic: Topic) -> None:
        """Forget what the subscriber was allowed to see of this topic."""


class Subscriber:
    """The topics of one subscription, and the state of its access to them."""

    __slots__ = ("_changed", "_woken", "grants", "invalid", "topics", "viewer")

    def __init__(self, viewer: UUID | None) -> None:
        self.viewer = viewer
        self.topics: dict[Key, Topic] = {}
        self.grants: dict[Topic, AccessGrant] = {}
        self.invalid: set[Topic] = set()
        self._changed: dict[Topic, None] = {}
        self._woken = asyncio.Event()

    def deliver(self, topic: Topic) -> None:
        """`topic.latest` is newer than before. Called by the topic; must not wait or raise."""
        self._changed[topic] = None
        self.wake()

    def invalidate(self, topic: Topic, epoch: int) -> None:
        """Somebody lost access to this topic at that epoch. Does nothing if it was authorized since."""
        if topic in self.grants and self.grants[topic].epoch < epoch:
            self.invalid.add(topic)
            self.wake()

    def wake(self) -> None:
        """End the current or the next `woken`."""
        self._woken.set()

    async def woken(self) -> None:
        """Wait for a delivery, an invalidation or `wake` since the last time."""
        await self._woken.wait()
        self._woken.clear()

    async def changed(self) -> list[Topic]:
        """Wait for deliveries or invalidations; returns the topics that changed since the last time."""
        while not self._changed and not self.invalid:
            await self.woken()
        changed = list(self._changed)
        self._changed.clear()
        return changed


class StreamSubscriber(Subscriber):
    """Follows one streamed row."""

    __slots__ = ("_is_open", "_shown", "_topic")

    def __init__(self, viewer: UUID | None) -> None:
        super().__init__(viewer)
        self._topic: Topic | None = None
        self._is_open = False
        """Whether it may show anything: it was authorized, and not invalidated since."""
        self._shown = 0

    def invalidate(self, topic: Topic, epoch: int) -> None:
        super().invalidate(topic, epoch)
        self._is_open = self._is_open and not self.invalid

    async def authorize(self, hub: Authorizer, topic: Topic) -> None:
        """Returns once the viewer may see the row and was not invalidated meanwhile. Raises Gone."""
        self._topic = topic
        while not self._is_open:
            await hub.reauthorize(self, topic)
            self._is_open = not self.invalid

    def next(self, topic: Topic) -> LatestState | None:
        """The latest state, if it may be shown and was not shown yet. Raises Gone if the row was deleted."""
        latest = topic.latest
        if not self._is_open or latest.revision <= self._shown:
            return None
        if latest.deleted:
            raise Gone(topic.model)
        return latest

    async def snapshots(self, hub: Authorizer, topic: Topic) -> AsyncIterator[Any]:
        """The current snapshot, then each newer one; ends after the final one. Raises Gone."""
        while True:
            await self.authorize(hub, topic)
            state = self.next(topic)
            if state is None:
                await self.woken()
                continue
            self._shown = state.revision
            yield state.row
            if state.final:
                return


class PushSubscriber(StreamSubscriber):
    """Follows one streamed row, and sends each snapshot as soon as it is delivered."""

    __slots__ = ("_failure", "_has_ended")

    def __init__(self, viewer: UUID | None) -> None:
        super().__init__(viewer)
        self._has_ended = False
        self._failure: Exception | None = None

    def send(self, row: Any) -> bool:
        """Send this snapshot. It is what an update costs for each subscriber, and must not wait.

        False means that there is no room now: the snapshot does not count as shown, and `resume` sends the latest one.
        What it raises ends this subscription alone.
        """
        raise NotImplementedError

    async def run(self, hub: Authorizer, topic: Topic) -> None:
        """Until the final snapshot was sent. Raises Gone, and what `send` raised."""
        while not self._has_ended:
            await self.authorize(hub, topic)
            self.deliver(topic)
            if not self._has_ended:
                await self.woken()
        if self._failure is not None:
            raise self._failure

    def deliver(self, topic: Topic) -> None:
        try:
            state = self.next(topic)
            if state is None or not self.send(state.row):
                return
        except Exception as failure:  # it must not keep the other subscribers from their update
            self._failure = failure
            self._end()
            return
        self._shown = state.revision
        if state.final:
            self._end()

    def resume(self) -> None:
        """There is room again."""
        if self._topic is not None and not self._has_ended:
            self.deliver(self._topic)

    def _end(self) -> None:
        self._is_open = False
        self._has_ended = True
        self.wake()


@dataclass(frozen=True, slots=True)
class Change:
    """A revision on the sync track; 0 if the row is deleted or not visible to the viewer."""

    model: RevisedModel
    key: UUID
    revision: int
    deleted: bool


class SyncSubscriber(Subscriber):
    """Follows the revisions of several rows."""

    __slots__ = ()

    async def changes(self, hub: Authorizer, topics: Sequence[Topic]) -> AsyncIterator[Change]:
        """One change for each topic, then every greater revision, until the subscription is closed.

        A row that is or becomes unknown, deleted or not visible is reported once as deleted; the others go on. If it
        becomes visible later, its revision is reported.
        """
        shown = dict.fromkeys(topics, 0)
        asked, changed = list(shown), list[Topic]()
        while True:
            if asked:
                hidden = await hub.reauthorize_revisions(self, asked)
                for topic in asked:
                    if topic not in hidden:
                        shown.setdefault(topic, 0)
                    elif shown.pop(topic, None) is not None:
                        yield Change(topic.model, topic.key, 0, deleted=True)
            for topic in [*asked, *changed]:
                latest = topic.latest
                if topic not in shown or latest.revision <= shown[topic]:
                    continue
                shown[topic] = latest.revision
                if latest.deleted:
                    hub.revoke(self, topic)
                    del shown[topic]
                revision = 0 if latest.deleted else latest.revision
                yield Change(topic.model, topic.key, revision, deleted=latest.deleted)
            changed = await self.changed()
            # A row that is hidden may become visible with any change of it.
            maybe_visible = [topic for topic in changed if topic not in shown and not topic.latest.deleted]
            asked = [*(topic for topic in self.invalid if topic in shown), *maybe_visible]
            self.invalid.clear()
