"""Topics: one for each row that this process follows. A topic keeps the row's latest state and its subscribers."""

import asyncio
from typing import Any, Protocol
from uuid import UUID

from api.streaming import snapshot
from api.streaming.access import AccessGrant
from api.streaming.columns import Revised
from api.streaming.tracks import is_streaming


class LatestState:
    """The latest known state of a row. `row` is its snapshot on the stream track; on the sync track there is none.

    A deleted row has no snapshot, and the revision DELETED_REVISION. Revision 0 means that nothing is known yet.
    """

    __slots__ = ("deleted", "final", "revision", "row")

    def __init__(self, revision: int, row: Any = None) -> None:
        self.revision = revision
        self.row = row
        self.deleted = revision >= snapshot.DELETED_REVISION
        self.final = row is not None and not is_streaming(row)


class Receiver(Protocol):
    """A subscriber, as its topics see it."""

    def deliver(self, topic: "Topic") -> None:
        """`topic.latest` is newer than before."""

    def invalidate(self, topic: "Topic", epoch: int) -> None:
        """A viewer lost access to the topic at that epoch."""


class Topic:
    """One followed row on one track: its channel on the bus, its latest state and its subscribers."""

    def __init__(self, channel: str, model: type[Revised], key: UUID, *, streams: bool) -> None:
        self.channel = channel
        self.model = model
        self.key = key
        self.streams = streams
        self.latest = LatestState(0)
        self.subscribers: set[Receiver] = set()
        self.grants: dict[UUID, AccessGrant] = {}
        """What shared viewers may see, by their ids; see `Subscriber.shares`. Empty once a user has lost access."""
        self.joined = asyncio.Event()
        """Set once the bus has confirmed the channel. A row that is read after that misses no change."""
        self.listener: asyncio.Task[None] | None = None
        """Receives the channel's messages."""

    def offer(self, state: LatestState) -> None:
        """Deliver the state to all subscribers if its revision is greater than that of the latest state."""
        if state.revision <= self.latest.revision:
            return
        self.latest = state
        for subscriber in list(self.subscribers):
            subscriber.deliver(self)

    def skip_to(self, revision: int) -> None:
        """Raise the latest revision and deliver nothing: the stream track has delivered that change."""
        if revision > self.latest.revision:
            self.latest = LatestState(revision)

    def receive(self, message: str) -> None:
        """Take a message that the bus received on this channel. Raises an exception if the message is malformed."""
        if message == snapshot.DELETED_MESSAGE:
            self.offer(LatestState(snapshot.DELETED_REVISION))
        elif self.streams:
            row = snapshot.decode(self.model, message)
            self.offer(LatestState(row.revision, row))
        elif message.startswith(snapshot.STREAMED_PREFIX):
            self.skip_to(int(message.removeprefix(snapshot.STREAMED_PREFIX)))
        else:
            self.offer(LatestState(int(message)))
