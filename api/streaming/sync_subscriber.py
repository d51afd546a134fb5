"""The subscriber of the sync track, which follows the revisions of several rows, and keeps channels only of those that
its viewer may see.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from api.streaming.access import Key, RevisedModel
from api.streaming.allotments import Allotments
from api.streaming.subscriber import Authorizer, Subscriber
from api.streaming.topic import Topic


class Follower(Authorizer, Protocol):
    """What the subscriber needs of the hub."""

    arriving: Allotments
    """By viewer, the rows that are joined and not yet read."""

    async def join(self, subscriber: Subscriber, keys: Sequence[Key], *, streams: bool) -> list[Topic]:
        """Join the channels of these rows. Returns when all are confirmed."""

    def leave(self, subscriber: Subscriber, topic: Topic) -> None:
        """Leave the channel of this row, unless another subscriber follows it."""

    async def visible(self, keys: Collection[Key], viewer: UUID | None) -> list[Key]:
        """Those of the rows that the viewer may see."""


@dataclass(frozen=True, slots=True)
class Change:
    """A revision on the sync track. It is 0 if the row is deleted or not visible to the viewer."""

    model: RevisedModel
    key: UUID
    revision: int
    deleted: bool


class SyncSubscriber(Subscriber):
    """Follows the revisions of several rows."""

    __slots__ = ("_hidden", "_sent")

    def __init__(self, viewer: UUID | None, *, shares: bool = False) -> None:
        super().__init__(viewer, shares=shares)
        self._sent: dict[Topic, int] = {}
        """The revision that was passed on last, of each visible row."""
        self._hidden: dict[Key, None] = {}
        """The rows that were reported as deleted, and may become visible."""

    async def changes(self, hub: Follower, keys: Sequence[Key], own: Key | None) -> AsyncIterator[Change]:
        """One change for each row, then one for every greater revision, until the subscription is closed.

        A row that is or becomes unknown, deleted or not visible is reported once as deleted, and its channel is left.
        `own` is the row that changes whenever the viewer gains access to another row. With it, a row that becomes
        visible later is reported with its revision; without it, only a new subscription finds the row.
        """
        appearing, changed = list(keys), list[Topic]()
        while True:
            if appearing:
                changed += await self._appear(hub, appearing)
                for key in appearing:
                    if key not in self.topics and key not in self._hidden:
                        self._hidden[key] = None
                        yield Change(*key, 0, deleted=True)
            lost = [topic for topic in self.invalid if topic in self._sent]
            self.invalid.clear()
            if lost:
                for topic in await hub.reauthorize_revisions(self, lost):
                    yield self._lose(hub, topic)
                changed += lost
            for topic in changed:
                latest = topic.latest
                if latest.revision <= self._sent.get(topic, latest.revision):
                    continue
                if latest.deleted:
                    yield self._lose(hub, topic)
                    continue
                self._sent[topic] = latest.revision
                yield Change(topic.model, topic.key, latest.revision, deleted=False)
            if self._hidden and own is not None and own not in self.topics:
                # What is read below was granted before this channel was joined, or is announced on it.
                await hub.join(self, [own], streams=False)
                changed, gained = [], True
            else:
                changed = await self.changed()
                gained = any((topic.model, topic.key) == own for topic in changed)
            appearing = await self._found(hub) if gained and self._hidden else []

    async def _appear(self, hub: Follower, keys: Sequence[Key]) -> list[Topic]:
        """Join the rows, read which of them are visible, and leave the others. Returns the visible ones."""
        async with hub.arriving.hold(self.viewer, len(keys)):
            topics = await hub.join(self, keys, streams=False)
            hidden = await hub.reauthorize_revisions(self, topics)
            for topic in hidden:
                self._forget(hub, topic)
        visible = [topic for topic in topics if topic not in hidden]
        for topic in visible:
            self._sent.setdefault(topic, 0)
            self._hidden.pop((topic.model, topic.key), None)
        return visible

    async def _found(self, hub: Follower) -> list[Key]:
        """The hidden rows that are visible now. They are not joined for that: most often there are none."""
        async with hub.arriving.hold(self.viewer, len(self._hidden)):
            return await hub.visible(self._hidden, self.viewer)

    def _lose(self, hub: Follower, topic: Topic) -> Change:
        if not topic.latest.deleted:
            self._hidden[topic.model, topic.key] = None
        self._forget(hub, topic)
        return Change(topic.model, topic.key, 0, deleted=True)

    def _forget(self, hub: Follower, topic: Topic) -> None:
        self._sent.pop(topic, None)
        self._changed.pop(topic, None)
        hub.leave(self, topic)
