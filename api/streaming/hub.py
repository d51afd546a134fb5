"""One subscription per channel per process, whoever watches; to each reader the greatest revision, never a queue.

A reader joins the channel first and reads the row after (and with it the permission), so that nothing can happen
in between; both are merged by revision. A slow reader holds one piece of news per row, and gets the newest when
it comes back.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

import structlog

from api.errors import gone
from api.streaming import channels
from api.streaming.bus import Bus, as_good_as_lost
from api.streaming.rows import Revised
from api.streaming.topic import Key, Model, News, Reader, Sight, Topic

log = structlog.get_logger(__name__)

Row = TypeVar("Row", bound=Revised)

EPOCHS_REMEMBERED = 10_000
"""Access changes that were heard of, for whoever was reading a row at that very moment."""


class Access(Protocol):
    """Who may see what. Each call is one query, permission and contents together."""

    async def row(self, model: Model, key: UUID, viewer: UUID | None) -> Sight | None:
        """The whole row, or None where it is unknown, deleted or not the viewer's to see."""

    async def revisions(self, keys: Sequence[Key], viewer: UUID | None) -> dict[Key, Sight]:
        """The revisions of those rows that the viewer may follow."""


@dataclass(frozen=True, slots=True)
class Change:
    """What `Hub.changes` yields of a followed row; `revision` is 0 where it is deleted or out of sight."""

    model: Model
    key: UUID
    revision: int
    deleted: bool


class Hub:
    """Follows rows for this process's readers. Its lifetime is an `async with`."""

    def __init__(self, bus: Bus, access: Access, *, on_topics: Callable[[int], None] = lambda count: None) -> None:
        self._on_topics = on_topics
        """Told how many topics there are, whenever that changes."""
        self._bus = bus
        self._access = access
        self._topics: dict[str, Topic] = {}
        self._readers_of: dict[UUID, set[Reader]] = defaultdict(set)
        self._epochs: OrderedDict[UUID, int] = OrderedDict()
        self._leaving: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listener = asyncio.create_task(self._hear_of_access(), name="hub: access")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [self._listener, *self._leaving, *(topic.pump for topic in self._topics.values())]
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
        self._topics.clear()

    @property
    def topics(self) -> list[Topic]:
        """All that is followed here now."""
        return list(self._topics.values())

    @asynccontextmanager
    async def follow(self, model: type[Row], key: UUID, viewer: UUID | None) -> AsyncIterator[AsyncIterator[Row]]:
        """A streamed row as it grows: the present snapshot first, the final one last. Shared snapshots: do not change.

        The iterator raises NotFound when the row is or becomes unknown, deleted, or not the viewer's to see.
        """
        reader = Reader(viewer)
        async with self.reading(reader, [(model, key)], streams=True) as (topic,):
            yield self._snapshots(reader, topic)

    async def _snapshots(self, reader: Reader, topic: Topic) -> AsyncIterator[Any]:
        shown = 0
        news = await self.look(reader, topic)
        while True:
            while reader.doubts:  # before anything is shown: somebody may have lost access while the row was being read
                news = await self.look(reader, topic)
            if news.revision > shown:
                if news.deleted:
                    raise gone(topic.model)
                shown = news.revision
                yield news.row
                if news.final:
                    return
            await reader.woken()
            news = topic.newest

    @asynccontextmanager
    async def changes(self, keys: Sequence[Key], viewer: UUID | None) -> AsyncIterator[AsyncIterator[Change]]:
        """The revisions of up to a hundred rows: first one for each, then whatever is greater, until left.

        What is or becomes unknown, deleted or out of sight is said once, as `deleted`; the others go on. What is
        seen later is told of like them.
        """
        keys = list(dict.fromkeys(keys))
        reader = Reader(viewer)
        async with self.reading(reader, keys, streams=False) as topics:
            yield self._revisions(reader, topics)

    async def _revisions(self, reader: Reader, topics: Sequence[Topic]) -> AsyncIterator[Change]:
        shown = dict.fromkeys(topics, 0)
        asked, news = list(shown), list[Topic]()
        while True:
            if asked:
                lost = await self._look_at_revisions(reader, asked)
                for topic in asked:
                    if topic not in lost:
                        shown.setdefault(topic, 0)
                    elif shown.pop(topic, None) is not None:
                        yield Change(topic.model, topic.key, 0, deleted=True)
            for topic in [*asked, *news]:
                newest = topic.newest
                if topic not in shown or newest.revision <= shown[topic]:
                    continue
                shown[topic] = newest.revision
                if newest.deleted:
                    self._forget(reader, topic)
                    del shown[topic]
                revision = 0 if newest.deleted else newest.revision
                yield Change(topic.model, topic.key, revision, deleted=newest.deleted)
            news = await reader.woken()
            # What is out of sight may come into it with whatever changes there.
            hidden = [topic for topic in news if topic not in shown and not topic.newest.deleted]
            asked = [*(topic for topic in reader.doubts if topic in shown), *hidden]
            reader.doubts.clear()

    async def _look_at_revisions(self, reader: Reader, topics: Sequence[Topic]) -> set[Topic]:
        """Read what the reader may see of these, and offer it to all; those out of sight come back."""
        keys = {(topic.model, topic.key): topic for topic in topics}
        sights = await self._access.revisions(list(keys), reader.viewer)
        for key, sight in sights.items():
            self._remember(reader, keys[key], sight)
            keys[key].offer(News(sight.revision))
        lost = {topic for key, topic in keys.items() if key not in sights}
        for topic in lost:
            self._forget(reader, topic)
        return lost

    async def look(self, reader: Reader, topic: Topic) -> News:
        """Read the row if the reader may see it, and offer it to all. Raises NotFound."""
        reader.doubts.discard(topic)
        sight = await self._access.row(topic.model, topic.key, reader.viewer)
        if sight is None:
            self._forget(reader, topic)
            raise gone(topic.model)
        self._remember(reader, topic, sight)
        topic.offer(News(sight.revision, sight.row))
        return topic.newest

    def _remember(self, reader: Reader, topic: Topic, sight: Sight) -> None:
        """What the reader saw, and when; somebody may have lost access while it was being read."""
        reader.sights[topic] = sight
        if sight.scope is not None:
            self._readers_of[sight.scope].add(reader)
            reader.doubt(topic, self._epochs.get(sight.scope, 0))

    def _forget(self, reader: Reader, topic: Topic) -> None:
        reader.doubts.discard(topic)
        sight = reader.sights.pop(topic, None)
        if sight is None or any(other.scope == sight.scope for other in reader.sights.values()):
            return
        if sight.scope is not None and (readers := self._readers_of.get(sight.scope)) is not None:
            readers.discard(reader)
            if not readers:
                del self._readers_of[sight.scope]

    @asynccontextmanager
    async def reading(self, reader: Reader, keys: Sequence[Key], *, streams: bool) -> AsyncIterator[list[Topic]]:
        """Have the reader told of these rows' news: their topics, joined. It must `look` before it shows anything."""
        try:
            for key in keys:
                reader.topics[key] = self._join(reader, key, streams=streams)
            for topic in reader.topics.values():
                await topic.joined.wait()
            yield list(reader.topics.values())
        finally:
            self._leave(reader)

    def _join(self, reader: Reader, key: Key, *, streams: bool) -> Topic:
        model, identity = key
        name = (channels.stream if streams else channels.sync)(model.__tablename__, identity)
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = Topic(name, model, identity, streams=streams)
            topic.pump = asyncio.create_task(self._listen(topic), name=f"hub: {name}")
            self._on_topics(len(self._topics))
        topic.readers.add(reader)
        return topic

    async def _listen(self, topic: Topic) -> None:
        """Until the last reader leaves. Should the bus fail for good, the sweep alone keeps the topic current."""
        try:
            async with self._bus.subscribe(topic.channel) as messages:
                topic.joined.set()
                async for message in messages:
                    with as_good_as_lost(topic.channel):
                        topic.hear(message)
        except Exception as error:
            log.warning("deaf", channel=topic.channel, error=repr(error))
            topic.joined.set()

    def _leave(self, reader: Reader) -> None:
        """At once and without awaiting, since the reader may be leaving because it was cancelled."""
        for topic in list(reader.sights):
            self._forget(reader, topic)
        for topic in reader.topics.values():
            topic.readers.discard(reader)
            if not topic.readers and self._topics.get(topic.channel) is topic:
                del self._topics[topic.channel]
                self._on_topics(len(self._topics))
                assert topic.pump is not None
                topic.pump.cancel()
                self._leaving.add(topic.pump)
                topic.pump.add_done_callback(self._leaving.discard)

    async def _hear_of_access(self) -> None:
        async with self._bus.subscribe(channels.ACCESS) as messages:
            async for message in messages:
                with as_good_as_lost(channels.ACCESS):
                    scope, epoch = message.split()
                    self.doubt(UUID(scope), int(epoch))

    def doubt(self, scope: UUID, epoch: int) -> None:
        """Somebody lost access within this scope: each reader there is authorized once more."""
        self._epochs[scope] = max(epoch, self._epochs.pop(scope, 0))
        if len(self._epochs) > EPOCHS_REMEMBERED:
            self._epochs.popitem(last=False)
        for reader in list(self._readers_of.get(scope, ())):
            for topic, sight in list(reader.sights.items()):
                if sight.scope == scope:
                    reader.doubt(topic, epoch)
