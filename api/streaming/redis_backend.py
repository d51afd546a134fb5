"""The bus over Redis: one connection that listens and reconnects by itself, and a few others that publish."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator

import structlog
from broadcaster import BroadcastBackend, Event
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ConnectionError, RedisError

from api.streaming.errors import BusAddressError, BusDown
from api.streaming.redis_channels import RedisChannels

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 2.0
"""Time for TCP and TLS. A Redis that takes longer is too far away for live pages."""

ANSWER_SECONDS = 1.0
"""Time for Redis to answer a command or to confirm a channel: long for a round trip, short for a client that waits.

We measure it ourselves. redis-py's `socket_timeout` waits with `asyncio.wait_for`, which on Python 3.11 loses a
cancellation that comes as it ends. The caller who cancelled would wait for ever."""

PING_SECONDS = 1.0
"""The listening connection sends a PING after so long without a message, and then as often."""

SILENT_PINGS = 2
"""Unanswered pings after which the connection counts as half-open: Redis is frozen, or the network is gone."""

FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 2.0
"""Shorter than the period of the sweep, so that the bus uses a Redis that is back before the second sweep."""

PUBLISHING_CONNECTIONS = 4
"""Most publishes at the same time. A fifth one waits for a connection."""

PIPELINE_CHARACTERS = 1_000_000
"""Most characters published in one round trip. A slow network still takes them within ANSWER_SECONDS."""

READ_AHEAD_EVENTS = 100
"""Most events read ahead of the bus. Then reading pauses, so that a burst neither fills memory nor starves the loop."""

OUTAGES = (RedisError, OSError)
"""What redis-py raises when Redis is away, refuses a command or sends nonsense."""


class RedisBackend(BroadcastBackend):
    """A backend for broadcaster that reconnects by itself.

    Raises TypeError or ValueError if the URL is not a Redis URL. `jitter` returns a number from 0 to 1, with which each
    pause between attempts to reconnect is multiplied.
    """

    def __init__(
        self,
        url: str,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        options = {
            "protocol": 2,  # redis-py's RESP3 parser formats every message for a debug log, even if that is off
            "decode_responses": True,
            "encoding_errors": "replace",  # others may publish here too: their bytes must not stop the listener
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": None,
        }
        self._listening = ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0), **options)
        self._new_connection()  # refuses an unknown option in the URL now, not at each attempt to connect
        self._publishing = Redis.from_pool(
            BlockingConnectionPool.from_url(
                url,
                max_connections=PUBLISHING_CONNECTIONS,
                timeout=None,
                # The pool's connection may have died: try once more with a new one. A timeout is not tried again.
                retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
                **options,
            )
        )
        self.on_reconnect: Callable[[], None] = lambda: None
        """Called when messages may have been missed, once all channels are subscribed again."""
        self._channels = RedisChannels(caught_up=self._recovered)
        self._events: asyncio.Queue[Event] = asyncio.Queue(READ_AHEAD_EVENTS)
        self._sleep = sleep
        self._jitter = jitter
        self._failures = 0
        self._silent_pings = 0
        self._received_at = 0.0
        """When the last message came, by the loop's clock."""
        self._closing = False
        self._listener: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Start, even while Redis is away.

        Raises BusAddressError if Redis refuses the user or the password, or if a file of the URL cannot be read.
        """
        self._read_certificates()
        connection = None
        try:
            connection = await self._open()
        except AuthenticationError as error:
            raise BusAddressError(f"Redis refuses the user or password of the bus's URL ({error}).") from None
        except OUTAGES as error:
            self._lost(error)
        self._listener = asyncio.create_task(self._listen(connection), name="bus: redis")

    async def disconnect(self) -> None:
        self._closing = True
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        await self._publishing.aclose()

    @property
    def is_connected(self) -> bool:
        return self._channels.is_connected

    async def subscribe(self, group: str) -> None:
        self._channels.join(group)

    async def unsubscribe(self, group: str) -> None:
        self._channels.leave(group)

    async def wait_confirmed(self, channel: str) -> None:
        """Wait until Redis has confirmed the channel. After ANSWER_SECONDS it returns; `on_reconnect` follows then."""
        await self._channels.wait_confirmed(channel, ANSWER_SECONDS)

    async def publish(self, channel: str, message: str) -> None:
        """Raises BusDown if Redis does not take the message within ANSWER_SECONDS, a wait for a connection included."""
        await self.publish_all([(channel, message)])

    async def publish_all(self, messages: Iterable[tuple[str, str]]) -> None:
        """Publish many messages in few round trips, which costs a tenth of publishing them one by one.

        Raises BusDown, after which some of them may be published.
        """
        try:
            for pipelined in pipelines(messages):
                async with asyncio.timeout(ANSWER_SECONDS), self._publishing.pipeline(transaction=False) as pipeline:
                    for channel, message in pipelined:
                        pipeline.publish(channel, message)
                    await pipeline.execute()
        except OUTAGES as error:
            raise BusDown(f"Redis did not take a message: {error}") from error

    async def ping(self) -> None:
        """Raises BusDown unless the listening connection is open and Redis answers a PING."""
        if not self._channels.is_connected:
            raise BusDown("The bus is not connected to Redis.")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._publishing.ping()
        except OUTAGES as error:
            raise BusDown(f"Redis does not answer: {error}") from error

    async def next_published(self) -> Event:
        return await self._events.get()

    async def _listen(self, connection: AbstractConnection | None) -> None:
        """Keep a connection, and open the next one whenever it is lost."""
        while True:
            try:
                connection = connection or await self._open()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._receive(connection), name="bus: receive")
                    tasks.create_task(self._send(connection), name="bus: send")
            except* Exception as errors:  # of any kind: a listener that ends would not be noticed
                self._lost(errors.exceptions[0])
            finally:
                if connection is not None:
                    await connection.disconnect(nowait=True)
            connection = None
            if self._closing:  # Python 3.11 and 3.12 lose a cancellation of a task group in which something else fails
                return
            await self._sleep(backoff(self._failures, self._jitter()))

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
        self._channels.connection_opened()
        return connection

    def _new_connection(self) -> AbstractConnection:
        connection: AbstractConnection = self._listening.make_connection()  # type: ignore[no-untyped-call]
        return connection

    def _read_certificates(self) -> None:
        """Raises BusAddressError. Otherwise redis-py would read them, and fail, at each attempt to connect."""
        connection = self._new_connection()
        if isinstance(connection, SSLConnection):
            try:
                connection.ssl_context.get()
            except OSError as error:  # ssl.SSLError is one, too
                raise BusAddressError(f"The certificates that the bus's URL names cannot be read ({error}).") from None

    async def _receive(self, connection: AbstractConnection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # Without a timeout, since no message may come for hours. The pings notice a lost connection.
            reply = await connection.read_response(disconnect_on_error=False, push_request=True)
            self._silent_pings = 0
            match reply:
                case ["message", channel, message]:
                    self._received_at = loop.time()
                    await self._events.put(Event(channel, message))
                case ["subscribe" | "unsubscribe" as kind, channel, _]:
                    self._channels.answered(channel, subscribed=kind == "subscribe")

    async def _send(self, connection: AbstractConnection) -> None:
        """Subscribe and unsubscribe channels, a batch at a time, and send pings while no messages come."""
        loop = asyncio.get_running_loop()
        ping_at = loop.time() + PING_SECONDS
        while True:
            await self._send_batch(connection)
            try:
                async with asyncio.timeout_at(ping_at):
                    await self._channels.work.wait()
                self._channels.work.clear()
            except TimeoutError:
                if (due := self._received_at + PING_SECONDS) > ping_at:
                    ping_at = due  # a message shows as well as a pong that the connection works
                    continue
                if self._silent_pings == SILENT_PINGS:
                    raise ConnectionError(f"Redis left {SILENT_PINGS} pings unanswered.") from None
                self._silent_pings += 1
                ping_at = loop.time() + PING_SECONDS
                async with asyncio.timeout(ANSWER_SECONDS):
                    await connection.send_command("PING")

    async def _send_batch(self, connection: AbstractConnection) -> None:
        leave, join = self._channels.next_batch()
        commands = [(name, *channels) for name, channels in (("UNSUBSCRIBE", leave), ("SUBSCRIBE", join)) if channels]
        if commands:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.send_packed_command(connection.pack_commands(commands))

    def _lost(self, error: BaseException) -> None:
        if self._channels.is_connected or not self._failures:  # once per outage, not once per attempt
            expected = isinstance(error, OUTAGES)
            log.warning("redis connection lost", error=str(error), exc_info=None if expected else error)
        self._failures += 1
        self._silent_pings = 0
        self._channels.connection_lost()

    def _recovered(self) -> None:
        self._failures = 0
        log.info("redis connection restored", channels=len(self._channels))
        self.on_reconnect()


def backoff(failures: int, jitter: float) -> float:
    """Seconds until the next attempt: exponential, with jitter, so that a thousand processes do not come at once."""
    doublings = min(failures, 10)  # 2.0**1024 overflows, after a quarter of an hour without Redis
    return jitter * min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0**doublings)


def pipelines(messages: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The messages in lists that are each published in one round trip."""
    pipelined: list[tuple[str, str]] = []
    size = 0
    for channel, message in messages:
        if pipelined and size + len(message) > PIPELINE_CHARACTERS:
            yield pipelined
            pipelined, size = [], 0
        pipelined.append((channel, message))
        size += len(message)
    if pipelined:
        yield pipelined
