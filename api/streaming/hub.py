"""The hub, which follows rows for the subscribers of this process. It subscribes to each channel of the bus once,
however many subscribers there are.

A subscriber first joins the channel. Then it reads the row, together with the viewer's permission, so no change fits in
between. A topic takes both what was read and what was received, and keeps the greatest revision.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Protocol, Self, TypeVar, cast
from uuid import UUID

import structlog

from api.streaming import channels
from api.streaming.access import AccessGrant, Key, RevisedModel
from api.streaming.allotments import Allotments
from api.streaming.bus import Bus, ignoring_malformed
from api.streaming.columns import Revised
from api.streaming.errors import Gone
from api.streaming.observer import NO_OBSERVER, Observer
from api.streaming.subscriber import StreamSubscriber, Subscriber
from api.streaming.sync_subscriber import Change, SyncSubscriber
from api.streaming.topic import LatestState, Topic

log = structlog.get_logger(__name__)

Row = TypeVar("Row", bound=Revised)

EPOCHS_REMEMBERED = 10_000
"""Most access epochs kept from the bus. They are for subscribers that were reading a row when the epoch rose."""

ARRIVING_ROWS = 100
"""Rows of one viewer on the sync track that are joined and not yet read. More wait: their ids may be made up."""


class AccessReader(Protocol):
    """Reads what viewers may see; see `access.Access`."""

    async def row(self, model: RevisedModel, key: UUID, viewer: UUID | None) -> AccessGrant | None: ...
    async def revisions(self, keys: Sequence[Key], viewer: UUID | None) -> dict[Key, AccessGrant]: ...


class Hub:
    """Follows rows for the subscribers of this process. Its lifetime is an `async with`."""

    def __init__(self, bus: Bus, access: AccessReader, *, observer: Observer = NO_OBSERVER) -> None:
        self._observer = observer
        self._bus = bus
        self._access = access
        self._topics: dict[str, Topic] = {}
        self._subscribers_of: dict[UUID, set[Subscriber]] = defaultdict(set)
        """Subscribers by the scopes of their grants."""
        self._epochs: OrderedDict[UUID, int] = OrderedDict()
        """The newest access epoch that was received, by scope."""
        self._reading: dict[tuple[UUID | None, tuple[Topic, ...], bool], asyncio.Task[Mapping[Key, AccessGrant]]] = {}
        """Reads of shared grants that have not ended."""
        self.arriving = Allotments(ARRIVING_ROWS)
        self._leaving: set[asyncio.Task[None]] = set()
        """Listeners that were cancelled and have not ended yet."""
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listener = asyncio.create_task(self._receive_access_changes(), name="hub: access")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        listeners = (topic.listener for topic in self._topics.values())
        tasks = [self._listener, *self._leaving, *self._reading.values(), *listeners]
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
        self._topics.clear()

    @property
    def topics(self) -> list[Topic]:
        """The topics of all rows that this process follows now."""
        return list(self._topics.values())

    @asynccontextmanager
    async def follow(
        self, model: type[Row], key: UUID, viewer: UUID | None, *, shares: bool = False
    ) -> AsyncIterator[AsyncIterator[Row]]:
        """The snapshots of a streamed row: the current one first, the final one last.

        All subscribers share them: do not change them. The iterator raises Gone if the row is or becomes unknown,
        deleted or not visible to the viewer. `shares` says whether the viewer stands for any number of people.
        """
        subscriber = StreamSubscriber(viewer, shares=shares)
        async with self.joined(subscriber, [(model, key)], streams=True) as (topic,):
            yield cast(AsyncIterator[Row], subscriber.snapshots(self, topic))

    @asynccontextmanager
    async def changes(
        self, keys: Sequence[Key], viewer: UUID | None, *, own: Key | None = None, shares: bool = False
    ) -> AsyncIterator[AsyncIterator[Change]]:
        """The revisions of these rows: first one change for each row, then one for every greater revision.

        A row that is named twice is reported once. See `SyncSubscriber.changes`, which joins the channels.
        """
        subscriber = SyncSubscriber(viewer, shares=shares)
        async with self.joined(subscriber, [], streams=False):
            yield subscriber.changes(self, list(dict.fromkeys(keys)), own)

    @asynccontextmanager
    async def joined(self, subscriber: Subscriber, keys: Sequence[Key], *, streams: bool) -> AsyncIterator[list[Topic]]:
        """Deliver the states of these rows to the subscriber while the block runs.

        The subscriber authorizes itself before it passes anything on. `streams` is true for the stream track, and
        false for the sync track.
        """
        try:
            yield await self.join(subscriber, keys, streams=streams)
        finally:
            # Awaits nothing, since a subscriber may leave because it was cancelled.
            for topic in list(subscriber.topics.values()):
                self.leave(subscriber, topic)

    async def join(self, subscriber: Subscriber, keys: Sequence[Key], *, streams: bool) -> list[Topic]:
        """Join the channels of these rows. Returns when all are confirmed."""
        for key in keys:
            subscriber.topics[key] = self._join(subscriber, key, streams=streams)
        topics = [subscriber.topics[key] for key in keys]
        for topic in topics:
            await topic.joined.wait()
        return topics

    async def visible(self, keys: Collection[Key], viewer: UUID | None) -> list[Key]:
        """Those of the rows that the viewer may see."""
        return list(await self._access.revisions(list(keys), viewer))

    def _join(self, subscriber: Subscriber, key: Key, *, streams: bool) -> Topic:
        model, identity = key
        name = (channels.stream if streams else channels.sync)(model.__tablename__, identity)
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = Topic(name, model, identity, streams=streams)
            topic.listener = asyncio.create_task(self._listen(topic), name=f"hub: {name}")
            self._observer.topics(len(self._topics))
        topic.subscribers.add(subscriber)
        return topic

    async def _listen(self, topic: Topic) -> None:
        """Receive the topic's messages until the last subscriber leaves.

        If the bus fails for good, the sweep alone keeps the topic current.
        """
        try:
            async with self._bus.subscribe(topic.channel) as messages:
                topic.joined.set()
                async for message in messages:
                    with ignoring_malformed(topic.channel):
                        topic.receive(message)
                        if topic.latest.row is not None:
                            self._observer.delivered(topic.latest.row)
        except Exception as error:
            log.warning("bus subscription lost", channel=topic.channel, error=repr(error))
            topic.joined.set()

    def leave(self, subscriber: Subscriber, topic: Topic) -> None:
        """Remove the subscriber from the topic, and leave the channel after the last one. Awaits nothing."""
        self.revoke(subscriber, topic)
        subscriber.topics.pop((topic.model, topic.key), None)
        topic.subscribers.discard(subscriber)
        if not topic.subscribers and self._topics.get(topic.channel) is topic:
            del self._topics[topic.channel]
            self._observer.topics(len(self._topics))
            # Topic and task hold each other: without this, only the garbage collector would free them.
            listener, topic.listener = topic.listener, None
            assert listener is not None
            listener.cancel()
            self._leaving.add(listener)
            listener.add_done_callback(self._leaving.discard)

    async def reauthorize(self, subscriber: Subscriber, topic: Topic) -> None:
        """Read the row if the viewer may see it, and offer it to all subscribers. Raises Gone if it is not visible."""
        subscriber.invalid.discard(topic)
        if subscriber.shares:
            grant = (await self._shared_grants(subscriber.viewer, [topic], rows=True)).get((topic.model, topic.key))
        else:
            grant = await self._access.row(topic.model, topic.key, subscriber.viewer)
        if grant is None:
            self.revoke(subscriber, topic)
            raise Gone(topic.model)
        self._grant(subscriber, topic, grant)
        topic.offer(LatestState(grant.revision, grant.row))

    async def reauthorize_revisions(self, subscriber: Subscriber, topics: Sequence[Topic]) -> set[Topic]:
        """Read the revisions that the viewer may see, and offer them to all subscribers. Returns the other topics."""
        by_key = {(topic.model, topic.key): topic for topic in topics}
        if subscriber.shares:
            grants = await self._shared_grants(subscriber.viewer, topics, rows=False)
        else:
            grants = await self._access.revisions(list(by_key), subscriber.viewer)
        for key, grant in grants.items():
            self._grant(subscriber, by_key[key], grant)
            by_key[key].offer(LatestState(grant.revision))
        hidden = {topic for key, topic in by_key.items() if key not in grants}
        for topic in hidden:
            self.revoke(subscriber, topic)
        return hidden

    async def _shared_grants(
        self, viewer: UUID | None, topics: Sequence[Topic], *, rows: bool
    ) -> Mapping[Key, AccessGrant]:
        """What a viewer may see who stands for many: read once for all of them, until a user loses access.

        A topic with such a grant has its latest state already, so its row need not be read again.
        """
        known = {(topic.model, topic.key): self._known_grant(viewer, topic) for topic in topics}
        if all(known.values()):
            return cast(Mapping[Key, AccessGrant], known)
        asked = (viewer, tuple(topics), rows)
        reading = self._reading.get(asked)
        if reading is None:
            work = self._read_grants(*asked)
            reading = self._reading[asked] = asyncio.create_task(work, name="hub: shared grants")
        return await asyncio.shield(reading)  # a subscriber that leaves must not cancel what the others wait for

    def _known_grant(self, viewer: UUID | None, topic: Topic) -> AccessGrant | None:
        grant = None if viewer is None else topic.grants.get(viewer)
        if grant is None or grant.scope is None or grant.epoch < self._epochs.get(grant.scope, 0):
            return None
        return grant

    async def _read_grants(self, viewer: UUID | None, topics: Sequence[Topic], rows: bool) -> Mapping[Key, AccessGrant]:
        keys = [(topic.model, topic.key) for topic in topics]
        grants: dict[Key, AccessGrant] = {}
        try:
            if rows:
                for model, key in keys:
                    if (grant := await self._access.row(model, key, viewer)) is not None:
                        grants[model, key] = grant
            else:
                grants = await self._access.revisions(keys, viewer)
        finally:
            del self._reading[viewer, tuple(topics), rows]
        for topic in topics:
            if viewer is not None and (grant := grants.get((topic.model, topic.key))) is not None:
                topic.offer(LatestState(grant.revision, grant.row))
                topic.grants[viewer] = _without_row(grant)
        return grants

    def _grant(self, subscriber: Subscriber, topic: Topic, grant: AccessGrant) -> None:
        # Kept without the row, or a thousand subscribers would keep a thousand copies of it.
        subscriber.grants[topic] = _without_row(grant)
        if grant.scope is not None:
            self._subscribers_of[grant.scope].add(subscriber)
            # A user may have lost access while the row was being read.
            subscriber.invalidate(topic, self._epochs.get(grant.scope, 0))

    def revoke(self, subscriber: Subscriber, topic: Topic) -> None:
        """Remove the subscriber's grant for this topic."""
        subscriber.invalid.discard(topic)
        grant = subscriber.grants.pop(topic, None)
        if grant is None or any(other.scope == grant.scope for other in subscriber.grants.values()):
            return
        if grant.scope is not None and (subscribers := self._subscribers_of.get(grant.scope)) is not None:
            subscribers.discard(subscriber)
            if not subscribers:
                del self._subscribers_of[grant.scope]

    async def _receive_access_changes(self) -> None:
        async with self._bus.subscribe(channels.ACCESS) as messages:
            async for message in messages:
                with ignoring_malformed(channels.ACCESS):
                    scope, epoch = message.split()
                    self.invalidate(UUID(scope), int(epoch))

    def invalidate(self, scope: UUID, epoch: int) -> None:
        """Have every subscriber within this scope authorized again: a user lost access to it."""
        self._epochs[scope] = max(epoch, self._epochs.pop(scope, 0))
        if len(self._epochs) > EPOCHS_REMEMBERED:
            self._epochs.popitem(last=False)
        for subscriber in list(self._subscribers_of.get(scope, ())):
            for topic, grant in list(subscriber.grants.items()):
                if grant.scope == scope:
                    topic.grants.clear()
                    subscriber.invalidate(topic, epoch)

    def invalidate_topic(self, topic: Topic, epoch: int) -> None:
        """Have the topic's subscribers authorized again if their grants are older than this epoch."""
        if any(grant.epoch < epoch for grant in topic.grants.values()):
            topic.grants.clear()
        for subscriber in list(topic.subscribers):
            subscriber.invalidate(topic, epoch)


def _without_row(grant: AccessGrant) -> AccessGrant:
    return AccessGrant(grant.revision, grant.scope, grant.epoch)
