"""The bus over Redis: one connection that listens and comes back by itself, a few others that publish."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator

import structlog
from broadcaster import BroadcastBackend, Event
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ConnectionError, RedisError

from api.streaming.errors import BusAddressError, BusDown
from api.streaming.redis_channels import Subscriptions

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 2.0
"""For TCP and TLS: a Redis further away than this is no bus for a live page."""

ANSWER_SECONDS = 1.0
"""For Redis to take and answer a command, or to confirm a channel to a joiner: long against a round trip, short for a
reader. Kept by ourselves: redis-py's `socket_timeout` waits with `asyncio.wait_for`, which on Python 3.11 forgets a
cancellation that comes as it ends, and whoever cancelled waits for ever."""

PING_SECONDS = 1.0
"""After so long without a message, and so often, the listening connection asks for a sign of life."""

SILENT_PINGS = 2
"""So many pings unanswered, and the connection is given up as half-open: Redis frozen, or the network gone."""

FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 2.0
"""Shorter than a sweep's period, so that a Redis that is back is used before the sweep had to stand in twice."""

PUBLISHING_CONNECTIONS = 4
"""Publishes under way at once; whoever comes fifth waits for a turn."""

PIPELINE_CHARACTERS = 1_000_000
"""Published in one round trip: what a slow network still takes within ANSWER_SECONDS."""

WAITING_EVENTS = 100
"""Read ahead of the listener; then reading pauses, so that a burst neither piles up nor starves the loop."""

DOWN = (RedisError, OSError)
"""What redis-py raises when Redis is away, refuses or answers nonsense."""


def backoff(failures: int, chance: float) -> float:
    """Seconds until the next attempt: exponential, and jittered so that a thousand processes do not come at once."""
    doublings = min(failures, 10)  # 2.0**1024 overflows, after a quarter of an hour without Redis
    return chance * min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0**doublings)


class RedisBackend(BroadcastBackend):
    """A backend for broadcaster that outlives its connections."""

    def __init__(
        self,
        url: str,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        options = {
            "protocol": 2,  # redis-py's RESP3 parser formats every message into a log line that nobody reads
            "decode_responses": True,
            "encoding_errors": "replace",  # others may publish here too; their bytes must not end our listening
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": None,
        }
        self._listening = ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0), **options)
        self._new_connection()  # an unknown option in the URL is refused here, and not once per attempt
        self._publishing = Redis.from_pool(
            BlockingConnectionPool.from_url(
                url,
                max_connections=PUBLISHING_CONNECTIONS,
                timeout=None,
                # Once more over a fresh connection, as the pool's may have died since; not after a silence.
                retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
                **options,
            )
        )
        self.on_reconnect: Callable[[], None] = lambda: None
        """Called once all channels are subscribed again after a time in which messages may have been missed."""
        self._subscriptions = Subscriptions(caught_up=self._recovered)
        self._events: asyncio.Queue[Event] = asyncio.Queue(WAITING_EVENTS)
        self._sleep = sleep
        self._chance = chance
        self._failures = 0
        self._silent_pings = 0
        self._heard_at = 0.0
        """When a message came, by the loop's clock."""
        self._closing = False
        self._keeper: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Start, even while Redis is away. Only a refused password is for the operator to mend first."""
        connection = None
        try:
            connection = await self._open()
        except AuthenticationError as error:
            raise BusAddressError(f"Redis refuses the user or password of the bus's URL ({error}).") from None
        except DOWN as error:
            self._lost(error)
        self._keeper = asyncio.create_task(self._keep(connection), name="bus: keeper")

    async def disconnect(self) -> None:
        self._closing = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        await self._publishing.aclose()

    async def subscribe(self, group: str) -> None:
        self._subscriptions.join(group)

    async def unsubscribe(self, group: str) -> None:
        self._subscriptions.leave(group)

    async def confirmed(self, channel: str) -> None:
        """Wait until Redis has confirmed the channel; if it does not soon, `on_reconnect` will follow."""
        await self._subscriptions.confirmed(channel, ANSWER_SECONDS)

    async def publish(self, channel: str, message: str) -> None:
        """Raise BusDown when Redis does not take it within ANSWER_SECONDS, waiting for a free connection included."""
        await self.publish_all([(channel, message)])

    async def publish_all(self, messages: Iterable[tuple[str, str]]) -> None:
        """Publish many in few round trips, a tenth of the work; BusDown may leave some of them published."""
        try:
            for part in pipelines(messages):
                async with asyncio.timeout(ANSWER_SECONDS), self._publishing.pipeline(transaction=False) as pipeline:
                    for channel, message in part:
                        pipeline.publish(channel, message)
                    await pipeline.execute()
        except DOWN as error:
            raise BusDown(f"Redis did not take a message: {error}") from error

    async def ping(self) -> None:
        """Raise BusDown unless Redis is both listened and spoken to."""
        if not self._subscriptions.open:
            raise BusDown("The bus is not connected to Redis.")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._publishing.ping()
        except DOWN as error:
            raise BusDown(f"Redis does not answer: {error}") from error

    async def next_published(self) -> Event:
        return await self._events.get()

    async def _keep(self, connection: AbstractConnection | None) -> None:
        """One connection after the other, for as long as the bus is open."""
        while True:
            try:
                connection = connection or await self._open()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._read(connection), name="bus: reader")
                    tasks.create_task(self._write(connection), name="bus: writer")
            except* Exception as errors:  # whatever it was: that the bus listens no more, nobody would find out
                self._lost(errors.exceptions[0])
            finally:
                if connection is not None:
                    await connection.disconnect(nowait=True)
            connection = None
            if self._closing:  # Python 3.11 and 3.12 lose a cancellation of a task group in which something else fails
                return
            await self._sleep(backoff(self._failures, self._chance()))

    async def _open(self) -> AbstractConnection:
        connection = self._new_connection()
        try:
            async with asyncio.timeout(CONNECT_SECONDS + ANSWER_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
                await connection.send_command("PING")  # a frozen Redis accepts connections too: only an answer counts
                await connection.read_response()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        self._subscriptions.opened()
        return connection

    def _new_connection(self) -> AbstractConnection:
        connection: AbstractConnection = self._listening.make_connection()  # type: ignore[no-untyped-call]
        return connection

    async def _read(self, connection: AbstractConnection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # Without a timeout, which would take a quiet evening for an outage: the pings notice real ones.
            reply = await connection.read_response(disconnect_on_error=False, push_request=True)
            self._silent_pings = 0
            match reply:
                case ["message", channel, message]:
                    self._heard_at = loop.time()
                    await self._events.put(Event(channel, message))
                case ["subscribe" | "unsubscribe" as kind, channel, _]:
                    self._subscriptions.answered(channel, subscribed=kind == "subscribe")

    async def _write(self, connection: AbstractConnection) -> None:
        """Tell Redis what is wanted, a batch at a time, and ask whether it is still there."""
        loop = asyncio.get_running_loop()
        ping_at = loop.time() + PING_SECONDS
        while True:
            await self._tell(connection)
            try:
                async with asyncio.timeout_at(ping_at):
                    await self._subscriptions.work.wait()
                self._subscriptions.work.clear()
            except TimeoutError:
                if (due := self._heard_at + PING_SECONDS) > ping_at:
                    ping_at = due  # a message is as good a sign as an answer
                    continue
                if self._silent_pings == SILENT_PINGS:
                    raise ConnectionError(f"Redis left {SILENT_PINGS} pings unanswered.") from None
                self._silent_pings += 1
                ping_at = loop.time() + PING_SECONDS
                async with asyncio.timeout(ANSWER_SECONDS):
                    await connection.send_command("PING")

    async def _tell(self, connection: AbstractConnection) -> None:
        leave, join = self._subscriptions.batch()
        commands = [(name, *channels) for name, channels in (("UNSUBSCRIBE", leave), ("SUBSCRIBE", join)) if channels]
        if commands:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.send_packed_command(connection.pack_commands(commands))

    def _lost(self, error: BaseException) -> None:
        if self._subscriptions.open or not self._failures:  # once per outage, not once per attempt
            expected = isinstance(error, DOWN)
            log.warning("the bus lost Redis", error=str(error), exc_info=None if expected else error)
        self._failures += 1
        self._silent_pings = 0
        self._subscriptions.lost()

    def _recovered(self) -> None:
        self._failures = 0
        log.info("the bus has Redis again", channels=len(self._subscriptions))
        self.on_reconnect()


def pipelines(messages: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Runtime that are each published in one round trip."""
    part: list[tuple[str, str]] = []
    size = 0
    for channel, message in messages:
        if part and size + len(message) > PIPELINE_CHARACTERS:
            yield part
            part, size = [], 0
        part.append((channel, message))
        size += len(message)
    if part:
        yield part
