"""The bus, which carries messages between processes: broadcaster's API, in memory or over Redis."""

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
"""Most bytes that wait in one inbox: about three of the longest messages. It bounds a subscription that is read slowly;
the hub reads its own at once."""

OVERHEAD_BYTES = 500
"""Memory that a waiting message takes beside its text."""

RESTART_SECONDS = 1.0
"""Pause between a failure of the backend and the next attempt to listen to it."""


class Inbox(asyncio.Queue[Event | None]):
    """The messages of one subscription that were not read yet.

    A full inbox drops its oldest messages, so a slow subscription neither fills memory nor delays the others. The sweep
    finds in the database what was dropped.
    """

    _bytes = 0

    async def put(self, event: Event | None) -> None:
        self.put_nowait(event)
        while self._bytes > INBOX_BYTES and self.qsize() > 1:
            self.get_nowait()

    def _put(self, event: Event | None) -> None:
        super()._put(event)
        self._bytes += _size(event)

    def _get(self) -> Event | None:
        event = super()._get()
        self._bytes -= _size(event)
        return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        event = await self.get()
        if event is None:
            self.put_nowait(None)  # further calls end, too
            raise StopAsyncIteration
        return str(event.message)


def _size(event: Event | None) -> int:
    return 0 if event is None else len(event.message) + OVERHEAD_BYTES


@contextmanager
def ignoring_malformed(channel: str) -> Iterator[None]:
    """Log an error that a message causes in this block, and go on with the next message.

    During an upgrade, another version may publish messages that this one cannot read. The sweep finds in the database
    what they announced.
    """
    try:
        yield
    except Exception as error:
        log.warning("malformed message ignored", channel=channel, error=repr(error))


class Bus(Broadcast):
    """Broadcaster's `Broadcast` without the faults of 0.3.1, its last version, which is pinned. Use with `async with`.

    The bus is a hint and the database the truth. The bus may lose messages, and reports when it may have
    (`on_reconnect`). A subscription never fails, and never waits long.

    `url` begins with memory://, redis:// or rediss://. Any other URL raises BusAddressError.
    """

    def __init__(self, url: str, *, backend: BroadcastBackend | None = None) -> None:
        super().__init__(url, backend=backend or redis_backend(url))
        self._redis = self._backend if isinstance(self._backend, RedisBackend) else None
        if self._redis is not None:
            self._redis.on_reconnect = self._reconnected
        self._reconnect_callbacks: list[Callable[[], None]] = []
        self._joined: set[str] = set()
        """Channels to which the backend is subscribed."""
        self._joining = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    @property
    def channels(self) -> int:
        """Number of channels with a subscription in this process."""
        return len(self._subscribers)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when messages may have been missed, once all channels are subscribed again."""
        self._reconnect_callbacks.append(callback)

    async def ping(self) -> None:
        """Raises BusDown unless messages can be published and received."""
        if self._redis is not None:
            await self._redis.ping()

    @property
    def is_connected(self) -> bool:
        """Whether messages arrive: always in memory, and over Redis while its connection is up."""
        return self._redis is None or self._redis.is_connected

    async def publish_all(self, messages: Iterable[tuple[str, str]]) -> None:
        """Publish (channel, message) pairs in few round trips. Raises BusDown, after which some may be published."""
        if self._redis is not None:
            await self._redis.publish_all(messages)
        else:
            for channel, message in messages:
                await self.publish(channel, message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[str]]:  # type: ignore[override]
        """The messages that are published on the channel while the block runs.

        The block is entered even while Redis is away. Then `on_reconnect` follows once the channel is subscribed.
        """
        inbox = Inbox()
        self._subscribers.setdefault(channel, set()).add(inbox)
        try:
            await self._join_or_leave(channel)
            if self._redis is not None:
                await self._redis.wait_confirmed(channel)
            yield inbox
        finally:
            self._subscribers[channel].discard(inbox)
            if not self._subscribers[channel]:
                del self._subscribers[channel]
            inbox.put_nowait(None)
            await self._join_or_leave(channel)

    async def _join_or_leave(self, channel: str) -> None:
        """Subscribe the backend to the channel if it has a subscription here, else unsubscribe it.

        The lock keeps a join and a leave of the same channel from crossing.
        """
        async with self._joining:
            wanted = channel in self._subscribers
            if wanted and channel not in self._joined:
                await self._backend.subscribe(channel)
                self._joined.add(channel)
            elif not wanted and channel in self._joined:
                self._joined.discard(channel)
                await self._backend.unsubscribe(channel)

    async def _listener(self) -> None:
        """Listen again after a failure. Broadcaster's own listener would end for good, and log nothing."""
        while True:
            try:
                await super()._listener()
            except Exception:
                log.exception("bus listener failed")
            await asyncio.sleep(RESTART_SECONDS)
            self._reconnected()

    def _reconnected(self) -> None:
        for callback in self._reconnect_callbacks:
            try:
                callback()
            except Exception:
                log.exception("reconnect callback failed")

    async def disconnect(self) -> None:
        """Close the bus. Subscriptions that are still open end."""
        self._listener_task.cancel()
        await asyncio.wait([self._listener_task])
        await self._backend.disconnect()
        for inboxes in self._subscribers.values():
            for inbox in inboxes:
                inbox.put_nowait(None)


def redis_backend(url: str) -> RedisBackend | None:
    """Our backend for Redis, or None for broadcaster's own in memory. Raises BusAddressError for all other URLs."""
    scheme = url.partition("://")[0]
    if scheme == "memory":
        return None
    if scheme in ("redis", "rediss"):
        try:
            return RedisBackend(url)
        except (TypeError, ValueError):  # neither quoted nor chained, since its text may contain the password
            raise BusAddressError(
                "The bus's URL is not a valid Redis URL: write redis://user:password@host:port/database, or rediss:// "
                "for TLS. Percent-encode special characters of the password."
            ) from None
    if scheme.startswith("postgres"):
        raise BusAddressError(
            "The bus's URL cannot be Postgres, whose NOTIFY takes at most 8,000 bytes: use redis:// or memory://."
        )
    raise BusAddressError("The bus's URL must begin with memory://, redis:// or rediss://.")
