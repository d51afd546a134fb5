"""One subscription per channel per process, whoever watches; to each reader the greatest revision, never a queue.

A reader joins the channel first and reads the row after (and with it the permission), so that nothing can happen
in between; both are merged by revision. A slow reader holds one piece of news per row, and gets the newest when
it comes back.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

import structlog

from api.errors import NotFound
from api.streaming import channels, snapshot
from api.streaming.announce import DELETED, DELETION
from api.streaming.bus import Bus
from api.streaming.rows import Revised
from api.streaming.tracks import streaming

log = structlog.get_logger(__name__)

Model = type[Revised]
Key = tuple[Model, UUID]
Row = TypeVar("Row", bound=Revised)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer was found to be allowed to see: the row's revision and, on the stream track, the row itself.

    `scope` is the row whose epoch says that somebody lost access, `epoch` what it was then.
    """

    revision: int
    scope: UUID | None = None
    epoch: int = 0
    row: Any = None


class Access(Protocol):
    """Who may see what. Each call is one query, permission and contents together."""

    async def row(self, model: Model, key: UUID, viewer: UUID | None) -> Sight | None:
        """The whole row, or None where it is unknown, deleted or not the viewer's to see."""

    async def revisions(self, keys: Sequence[Key], viewer: UUID | None) -> dict[Key, Sight]:
        """The revisions of those rows that the viewer may follow."""


@dataclass(frozen=True, slots=True)
class News:
    """The newest that is known of a row. `row` is set on the stream track, unless the row was deleted."""

    revision: int
    row: Any = None

    @property
    def deleted(self) -> bool:
        return self.revision >= DELETED


@dataclass(frozen=True, slots=True)
class Change:
    """What `Hub.changes` yields of a followed row; `revision` is 0 where it is deleted or out of sight."""

    model: Model
    key: UUID
    revision: int
    deleted: bool


class Topic:
    """One channel that this process listens to, and its readers here."""

    def __init__(self, channel: str, model: Model, key: UUID, *, streams: bool) -> None:
        self.channel = channel
        self.model = model
        self.key = key
        self.streams = streams
        self.newest = News(0)
        self.readers: set[Reader] = set()
        self.joined = asyncio.Event()
        """Set once the bus confirmed the subscription: what is read from then on misses nothing."""
        self.pump: asyncio.Task[None] | None = None

    def offer(self, news: News) -> None:
        """Let the readers have it, unless they had something as great."""
        if news.revision <= self.newest.revision:
            return
        self.newest = news
        for reader in self.readers:
            reader.tell(self)

    def hear(self, message: str) -> None:
        """What the bus delivered on this channel."""
        if message == DELETION:
            self.offer(News(DELETED))
        elif self.streams:
            row = snapshot.decode(self.model, message)
            self.offer(News(row.revision, row))
        else:
            self.offer(News(int(message)))


class Reader:
    """One subscription: which topics it follows, which of them have news for it, and what it may still see."""

    def __init__(self, viewer: UUID | None) -> None:
        self.viewer = viewer
        self.topics: dict[Key, Topic] = {}
        self.sights: dict[Topic, Sight] = {}
        self.news: dict[Topic, None] = {}
        self.doubts: set[Topic] = set()
        self.woken = asyncio.Event()

    def tell(self, topic: Topic) -> None:
        self.news[topic] = None
        self.woken.set()

    def doubt(self, topic: Topic, epoch: int) -> None:
        """Somebody lost access to this topic since it was authorized: perhaps this reader."""
        if topic in self.sights and self.sights[topic].epoch < epoch:
            self.doubts.add(topic)
            self.woken.set()


class Hub:
    """Follows rows for this process's readers. Its lifetime is an `async with`."""

    def __init__(self, bus: Bus, access: Access, *, on_topics: Callable[[int], None] = lambda count: None) -> None:
        self._on_topics = on_topics
        """Told how many topics there are, whenever that changes."""
        self._bus = bus
        self._access = access
        self._topics: dict[str, Topic] = {}
        self._readers_of: dict[UUID, set[Reader]] = defaultdict(set)
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
        async with self._reading(viewer, [(model, key)], streams=True) as reader:
            yield self._snapshots(reader, model, key)

    async def _snapshots(self, reader: Reader, model: type[Row], key: UUID) -> AsyncIterator[Row]:
        topic = reader.topics[model, key]
        shown = 0
        news: News | None = await self._look(reader, topic)
        while True:
            if news is not None and news.revision > shown:
                if news.deleted:
                    raise gone(model)
                shown = news.revision
                yield news.row
                if not streaming(news.row):
                    return
            news = None
            await self._woken(reader)
            if reader.doubts:
                news = await self._look(reader, topic)
            reader.news.clear()
            if news is None or topic.newest.revision > news.revision:
                news = topic.newest

    async def _look(self, reader: Reader, topic: Topic) -> News:
        """Read the row if the viewer may see it, and remember under which epoch."""
        reader.doubts.discard(topic)
        sight = await self._access.row(topic.model, topic.key, reader.viewer)
        if sight is None:
            raise gone(topic.model)
        self._remember(reader, topic, sight)
        topic.offer(News(sight.revision, sight.row))
        return topic.newest

    @asynccontextmanager
    async def changes(self, keys: Sequence[Key], viewer: UUID | None) -> AsyncIterator[AsyncIterator[Change]]:
        """The revisions of up to a hundred rows: first one for each, then whatever is greater, until left.

        What is or becomes unknown, deleted or out of sight is said once, as `deleted`; the others go on.
        """
        keys = list(dict.fromkeys(keys))
        async with self._reading(viewer, keys, streams=False) as reader:
            yield self._revisions(reader, keys)

    async def _revisions(self, reader: Reader, keys: Sequence[Key]) -> AsyncIterator[Change]:
        shown: dict[Topic, int] = {}
        asked = keys
        while True:
            if asked:
                for change in await self._look_at_revisions(reader, asked, shown):
                    yield change
            for topic in list(reader.news):
                reader.news.pop(topic, None)
                if topic in shown and topic.newest.revision > shown[topic]:
                    shown[topic] = topic.newest.revision
                    if topic.newest.deleted:
                        del shown[topic]
                        yield Change(topic.model, topic.key, 0, deleted=True)
                    else:
                        yield Change(topic.model, topic.key, topic.newest.revision, deleted=False)
            await self._woken(reader)
            asked = [(topic.model, topic.key) for topic in reader.doubts if topic in shown]

    async def _look_at_revisions(self, reader: Reader, keys: Sequence[Key], shown: dict[Topic, int]) -> list[Change]:
        for key in keys:
            reader.doubts.discard(reader.topics[key])
        sights = await self._access.revisions(keys, reader.viewer)
        found = []
        for key in keys:
            topic = reader.topics[key]
            sight = sights.get(key)
            if sight is None:
                shown.pop(topic, None)
                found.append(Change(*key, 0, deleted=True))
                continue
            self._remember(reader, topic, sight)
            topic.offer(News(sight.revision))
            if sight.revision > shown.get(topic, 0):
                shown[topic] = sight.revision
                found.append(Change(*key, sight.revision, deleted=False))
        return found

    def _remember(self, reader: Reader, topic: Topic, sight: Sight) -> None:
        reader.sights[topic] = sight
        if sight.scope is not None:
            self._readers_of[sight.scope].add(reader)

    async def _woken(self, reader: Reader) -> None:
        while not reader.news and not reader.doubts:
            reader.woken.clear()
            await reader.woken.wait()

    @asynccontextmanager
    async def _reading(self, viewer: UUID | None, keys: Sequence[Key], *, streams: bool) -> AsyncIterator[Reader]:
        reader = Reader(viewer)
        try:
            for key in keys:
                reader.topics[key] = self._join(reader, key, streams=streams)
            for topic in reader.topics.values():
                await topic.joined.wait()
            yield reader
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
                    topic.hear(message)
        except Exception as error:
            log.warning("deaf", channel=topic.channel, error=repr(error))
            topic.joined.set()

    def _leave(self, reader: Reader) -> None:
        """At once and without awaiting, since the reader may be leaving because it was cancelled."""
        for sight in reader.sights.values():
            if sight.scope is not None and sight.scope in self._readers_of:
                self._readers_of[sight.scope].discard(reader)
                if not self._readers_of[sight.scope]:
                    del self._readers_of[sight.scope]
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
                scope, epoch = message.split()
                self.doubt(UUID(scope), int(epoch))

    def doubt(self, scope: UUID, epoch: int) -> None:
        """Somebody lost access within this scope: each reader there is authorized once more."""
        for reader in list(self._readers_of.get(scope, ())):
            for topic, sight in list(reader.sights.items()):
                if sight.scope == scope:
                    reader.doubt(topic, epoch)


def gone(model: Model) -> NotFound:
    """Unknown, deleted or not the viewer's to see: nobody is told which."""
    return NotFound(
        f"There is no such {model.__name__.lower()}, or it is not yours to see. Reload what the page shows."
    )


def followed(topics: Iterable[Topic]) -> dict[tuple[Model, bool], dict[UUID, Topic]]:
    """The topics by model and track."""
    grouped: dict[tuple[Model, bool], dict[UUID, Topic]] = defaultdict(dict)
    for topic in topics:
        grouped[topic.model, topic.streams][topic.key] = topic
    return grouped
