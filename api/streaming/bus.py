"""Who hears what: broadcaster's API, in memory or over a Redis that may come and go."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self

import structlog
from broadcaster import Broadcast, BroadcastBackend, Event

from api.streaming.errors import BusAddressError
from api.streaming.redis_backend import RedisBackend

log = structlog.get_logger(__name__)

INBOX_BYTES = 4_000_000
"""What may wait for one reader: three of the longest messages. The hub reads at once; this is for whoever does not."""

MESSAGE_BYTES = 500
"""What a waiting message weighs beside its text."""

RESTART_SECONDS = 1.0
"""Between a failure of the backend and the next attempt to listen to it."""


class Inbox(asyncio.Queue[Event | None]):
    """One reader's messages. When full it drops the oldest: it neither grows nor holds up the others.

    What was dropped is in the database, where the sweep finds it.
    """

    _weight = 0

    async def put(self, event: Event | None) -> None:
        self.put_nowait(event)
        while self._weight > INBOX_BYTES and self.qsize() > 1:
            self.get_nowait()

    def _put(self, event: Event | None) -> None:
        super()._put(event)
        self._weight += weight(event)

    def _get(self) -> Event | None:
        event = super()._get()
        self._weight -= weight(event)
        return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        event = await self.get()
        if event is None:
            self.put_nowait(None)  # closed stays closed
            raise StopAsyncIteration
        return str(event.message)


@contextmanager
def ignoring_malformed(channel: str) -> Iterator[None]:
    """Read a message here: one that makes no sense, as another version's may in an upgrade, is not to end the reading.

    What it meant to say is in the database, where the sweep finds it.
    """
    try:
        yield
    except Exception as error:
        log.warning("not understood", channel=channel, error=repr(error))


def weight(event: Event | None) -> int:
    return 0 if event is None else len(event.message) + MESSAGE_BYTES


class Bus(Broadcast):
    """A broadcaster `Broadcast` without the faults of 0.3.1, the last there will be; it is pinned for that.

    The bus is a hint and the database the truth: it may lose messages, and says when it may have (`on_reconnect`).
    It never makes a reader fail, nor wait for long.
    """

    def __init__(self, url: str, *, backend: BroadcastBackend | None = None) -> None:
        super().__init__(url, backend=backend or redis_backend(url))
        self._redis = self._backend if isinstance(self._backend, RedisBackend) else None
        if self._redis is not None:
            self._redis.on_reconnect = self._reconnected
        self._reconnect_callbacks: list[Callable[[], None]] = []
        self._held: set[str] = set()
        self._settling = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    @property
    def channels(self) -> int:
        """How many channels are read here."""
        return len(self._subscribers)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call back after every time in which messages may have been missed, once all channels are subscribed again."""
        self._reconnect_callbacks.append(callback)

    async def ping(self) -> None:
        """Raise BusDown unless messages can be sent and heard."""
        if self._redis is not None:
            await self._redis.ping()

    async def publish_all(self, messages: Iterable[tuple[str, str]]) -> None:
        """Publish (channel, message) pairs in as few round trips as possible; BusDown may leave some published."""
        if self._redis is not None:
            await self._redis.publish_all(messages)
        else:
            for channel, message in messages:
                await self.publish(channel, message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[str]]:  # type: ignore[override]
        """The channel's messages: whatever is published once this is entered arrives, until it is left.

        While Redis is away it is entered all the same; then what was missed is announced through `on_reconnect`.
        """
        inbox = Inbox()
        self._subscribers.setdefault(channel, set()).add(inbox)
        try:
            await self._settle(channel)
            if self._redis is not None:
                await self._redis.confirmed(channel)
            yield inbox
        finally:
            self._subscribers[channel].discard(inbox)
            if not self._subscribers[channel]:
                del self._subscribers[channel]
            inbox.put_nowait(None)
            await self._settle(channel)

    async def _settle(self, channel: str) -> None:
        """Bring the backend in line with whether anybody reads the channel, one join or leave at a time."""
        async with self._settling:
            read = channel in self._subscribers
            if read and channel not in self._held:
                await self._backend.subscribe(channel)
                self._held.add(channel)
            elif not read and channel in self._held:
                self._held.discard(channel)
                await self._backend.unsubscribe(channel)

    async def _listener(self) -> None:
        """Broadcaster's own, which a failure would end for good without a word."""
        while True:
            try:
                await super()._listener()
            except Exception:
                log.exception("the bus failed to listen, and tries again")
            await asyncio.sleep(RESTART_SECONDS)
            self._reconnected()

    def _reconnected(self) -> None:
        for callback in self._reconnect_callbacks:
            try:
                callback()
            except Exception:
                log.exception("a callback failed after the bus reconnected")

    async def disconnect(self) -> None:
        """Close the bus; whoever still reads comes to the end."""
        self._listener_task.cancel()
        await asyncio.wait([self._listener_task])
        await self._backend.disconnect()
        for inboxes in self._subscribers.values():
            for inbox in inboxes:
                inbox.put_nowait(None)


def redis_backend(url: str) -> RedisBackend | None:
    """Ours, or None for broadcaster's own in memory; BusAddressError for all else."""
    scheme = url.partition("://")[0]
    if scheme == "memory":
        return None
    if scheme in ("redis", "rediss"):
        try:
            return RedisBackend(url)
        except (TypeError, ValueError):  # not quoted, nor chained: it may hold the password
            raise BusAddressError(
                "The bus's URL is not an address of Redis: write redis://user:password@host:port/database, "
                "rediss:// for TLS, with special characters of the password percent-encoded."
            ) from None
    if scheme.startswith("postgres"):
        raise BusAddressError(
            "The bus's URL cannot be Postgres, whose NOTIFY ends at 8,000 bytes: use redis:// or memory://."
        )
    raise BusAddressError("The bus's URL must begin with memory://, redis:// or rediss://.")
