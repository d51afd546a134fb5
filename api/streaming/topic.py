"""One followed row in this process: the newest that is known of it, and who reads it."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.streaming import snapshot
from api.streaming.rows import Revised
from api.streaming.tracks import streaming

Model = type[Revised]
Key = tuple[Model, UUID]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer was found to be allowed to see: the row's revision and, on the stream track, the row itself.

    `scope` is the row whose epoch says that somebody lost access, `epoch` what it was then.
    """

    revision: int
    scope: UUID | None = None
    epoch: int = 0
    row: Any = None


class News:
    """The newest that is known of a row. `row` is set on the stream track, unless the row was deleted."""

    __slots__ = ("deleted", "final", "revision", "row")

    def __init__(self, revision: int, row: Any = None) -> None:
        self.revision = revision
        self.row = row
        self.deleted = revision >= snapshot.DELETED
        self.final = row is not None and not streaming(row)


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
        for reader in list(self.readers):
            reader.tell(self)

    def hear(self, message: str) -> None:
        """What the bus delivered on this channel."""
        if message == snapshot.DELETION:
            self.offer(News(snapshot.DELETED))
        elif self.streams:
            row = snapshot.decode(self.model, message)
            self.offer(News(row.revision, row))
        else:
            self.offer(News(int(message)))


class Reader:
    """One subscription: which topics it follows, which of them have news for it, and what it may still see."""

    __slots__ = ("_news", "_stirred", "doubts", "sights", "topics", "viewer")

    def __init__(self, viewer: UUID | None) -> None:
        self.viewer = viewer
        self.topics: dict[Key, Topic] = {}
        self.sights: dict[Topic, Sight] = {}
        self.doubts: set[Topic] = set()
        self._news: dict[Topic, None] = {}
        self._stirred = asyncio.Event()

    def tell(self, topic: Topic) -> None:
        """There is something newer than before: it is `topic.newest` by the time that the reader looks."""
        self._news[topic] = None
        self.stir()

    def doubt(self, topic: Topic, epoch: int) -> None:
        """Somebody lost access to this topic since it was authorized: perhaps this reader."""
        if topic in self.sights and self.sights[topic].epoch < epoch:
            self.doubts.add(topic)
            self.stir()

    def stir(self) -> None:
        """Wake whoever awaits something here."""
        self._stirred.set()

    async def stirred(self) -> None:
        """Wait for news, a doubt or `stir`, since the last time."""
        await self._stirred.wait()
        self._stirred.clear()

    async def woken(self) -> list[Topic]:
        """Wait for news or doubts; the topics that have news since the last time."""
        while not self._news and not self.doubts:
            await self.stirred()
        news = list(self._news)
        self._news.clear()
        return news
