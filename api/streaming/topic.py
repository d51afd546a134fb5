"""One followed row in this process: the latest state that is known of it, and its subscribers here."""

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api.streaming import snapshot
from api.streaming.columns import Revised
from api.streaming.tracks import streaming

if TYPE_CHECKING:
    from api.streaming.subscriber import Subscriber


class LatestState:
    """The latest that is known of a row. `row` is set on the stream track, unless the row was deleted."""

    __slots__ = ("deleted", "final", "revision", "row")

    def __init__(self, revision: int, row: Any = None) -> None:
        self.revision = revision
        self.row = row
        self.deleted = revision >= snapshot.DELETED
        self.final = row is not None and not streaming(row)


class Topic:
    """One channel that this process is subscribed to, and its subscribers here."""

    def __init__(self, channel: str, model: type[Revised], key: UUID, *, streams: bool) -> None:
        self.channel = channel
        self.model = model
        self.key = key
        self.streams = streams
        self.latest = LatestState(0)
        self.subscribers: set[Subscriber] = set()
        self.joined = asyncio.Event()
        """Set once the bus confirmed the subscription: what is read from then on misses nothing."""
        self.pump: asyncio.Task[None] | None = None

    def offer(self, state: LatestState) -> None:
        """Deliver the state to all subscribers, unless it is not newer than the latest."""
        if state.revision <= self.latest.revision:
            return
        self.latest = state
        for subscriber in list(self.subscribers):
            subscriber.deliver(self)

    def skip_to(self, revision: int) -> None:
        """Raise the latest revision without delivering it: that change was delivered on the stream track."""
        if revision > self.latest.revision:
            self.latest = LatestState(revision)

    def receive(self, message: str) -> None:
        """A message of the bus on this channel."""
        if message == snapshot.DELETION:
            self.offer(LatestState(snapshot.DELETED))
        elif self.streams:
            row = snapshot.decode(self.model, message)
            self.offer(LatestState(row.revision, row))
        elif message.startswith(snapshot.STREAMED):
            self.skip_to(int(message.removeprefix(snapshot.STREAMED)))
        else:
            self.offer(LatestState(int(message)))
