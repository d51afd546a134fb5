"""Redis goes and comes back, in every way it can; the bus never hangs, and says when something may have been missed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import pytest
import redis
from structlog.testing import capture_logs

from api.streaming import redis_backend
from api.streaming.bus import Bus
from api.streaming.errors import BusAddressError, BusDown
from api.streaming.redis_backend import LONGEST_BACKOFF_SECONDS, RedisBackend, backoff
from tests.support.services import Redis, throw_away
from tests.support.until import PATIENCE_SECONDS

CHANNEL = "channel"


@pytest.fixture
def server() -> Iterator[Redis]:
    """One's own, since these tests stop, freeze and kill it."""
    with throw_away(Redis) as server:
        yield server


@pytest.fixture
def admin(server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as admin:
        yield admin


class Watched(Bus):
    """A bus that says when it noticed that Redis is away, and when it is back."""

    def __init__(self, url: str) -> None:
        self.away = asyncio.Event()
        self.back = asyncio.Event()
        super().__init__(url, backend=RedisBackend(url, sleep=self._sleep, jitter=lambda: 0.1))
        self.on_reconnect(self.back.set)

    async def _sleep(self, seconds: float) -> None:
        self.away.set()
        await asyncio.sleep(seconds)


@pytest.fixture
async def bus(server: Redis) -> AsyncIterator[Watched]:
    async with Watched(server.url) as bus:
        yield bus


async def hear(messages: AsyncIterator[str], count: int = 1) -> list[str]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await anext(messages) for _ in range(count)]


async def happens(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await event.wait()


async def comes_true(what: Callable[[], bool]) -> None:
    """For what only Redis knows, and tells only those who ask."""
    for _ in range(500):
        if what():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it did not come true within 10 s")


def pings(admin: redis.Redis) -> int:
    """How often Redis was asked for a sign of life."""
    calls: int = admin.info("commandstats")["cmdstat_ping"]["calls"]
    return calls


@contextmanager
def frozen(server: Redis) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """What takes longer did hang."""
    async with asyncio.timeout(seconds):
        yield


async def test_after_a_restart_every_channel_is_heard_again(server: Redis, bus: Watched) -> None:
    async with bus.subscribe(CHANNEL) as messages, bus.subscribe("other") as others:
        server.kill()
        await happens(bus.away)
        server.start()
        await happens(bus.back)
        await bus.publish(CHANNEL, "after")
        await bus.publish("other", "after, too")
        assert await hear(messages) == ["after"]
        assert await hear(others) == ["after, too"]


async def test_after_a_kill_of_every_connection_all_is_heard_again(bus: Watched, admin: redis.Redis) -> None:
    async with bus.subscribe(CHANNEL) as messages:
        for turn in range(5):
            bus.back.clear()
            admin.client_kill_filter(_type="pubsub", skipme=True)
            admin.client_kill_filter(_type="normal", skipme=True)
            await happens(bus.back)
            await bus.publish(CHANNEL, str(turn))
            assert await hear(messages) == [str(turn)]


async def test_a_frozen_redis_is_noticed_and_heard_again_when_it_wakes(server: Redis, bus: Watched) -> None:
    async with bus.subscribe(CHANNEL) as messages:
        with frozen(server):
            async with within(4):
                await bus.away.wait()
        await happens(bus.back)
        await bus.publish(CHANNEL, "after")
        assert await hear(messages) == ["after"]


async def test_whoever_joins_while_redis_is_away_enters_at_once_and_hears_when_it_is_back(
    server: Redis, bus: Watched
) -> None:
    server.kill()
    await happens(bus.away)
    async with within(0.5):
        subscription = bus.subscribe(CHANNEL)
        messages = await subscription.__aenter__()
    server.start()
    await happens(bus.back)
    await bus.publish(CHANNEL, "after")
    assert await hear(messages) == ["after"]
    await subscription.__aexit__(None, None, None)


async def test_whoever_joins_while_redis_is_frozen_enters_soon_and_is_told_of_the_gap(
    server: Redis, bus: Watched
) -> None:
    with frozen(server):
        async with within(2):
            subscription = bus.subscribe(CHANNEL)
            messages = await subscription.__aenter__()
        assert not bus.back.is_set()
    await happens(bus.back)
    await bus.publish(CHANNEL, "after")
    assert await hear(messages) == ["after"]
    await subscription.__aexit__(None, None, None)


async def test_whoever_leaves_while_redis_is_away_is_not_subscribed_again(
    server: Redis, bus: Watched, admin: redis.Redis
) -> None:
    async with bus.subscribe("stays"):
        async with bus.subscribe("leaves"):
            server.kill()
            await happens(bus.away)
        server.start()
        await happens(bus.back)
        assert admin.pubsub_channels() == [b"stays"]


async def test_the_bus_starts_while_redis_is_away(server: Redis) -> None:
    server.kill()
    async with Watched(server.url) as bus, bus.subscribe(CHANNEL) as messages:
        with pytest.raises(BusDown):
            await bus.ping()
        server.start()
        await happens(bus.back)
        await bus.ping()
        await bus.publish(CHANNEL, "hello")
        assert await hear(messages) == ["hello"]


async def test_publishing_while_redis_is_away_says_so_at_once_and_works_when_it_is_back(
    server: Redis, bus: Watched
) -> None:
    async with bus.subscribe(CHANNEL) as messages:
        await bus.publish(CHANNEL, "before")
        server.kill()
        for _ in range(20):
            with pytest.raises(BusDown):
                async with within(0.5):
                    await bus.publish(CHANNEL, "lost")
        server.start()
        await happens(bus.back)
        await bus.publish(CHANNEL, "after")
        assert await hear(messages, 2) == ["before", "after"]


async def test_publishing_to_a_frozen_redis_gives_up_soon_however_many_do(server: Redis, bus: Watched) -> None:
    with frozen(server):
        async with within(3):
            outcomes = await asyncio.gather(*(bus.publish(CHANNEL, "lost") for _ in range(50)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {BusDown}


async def test_a_ping_fails_while_redis_is_frozen(server: Redis, bus: Watched) -> None:
    with frozen(server), pytest.raises(BusDown):
        async with within(2):
            await bus.ping()


async def test_a_quiet_evening_is_no_outage(server: Redis, admin: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_backend, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(redis_backend, "PING_SECONDS", 0.02)
    async with Watched(server.url) as bus, bus.subscribe(CHANNEL) as messages:
        # Several times what a socket waits.
        await comes_true(lambda: pings(admin) > 20)
        await bus.publish(CHANNEL, "good morning")
        assert await hear(messages) == ["good morning"]
        assert not bus.away.is_set()


async def test_where_messages_come_no_sign_of_life_is_asked_for(
    server: Redis, admin: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_backend, "PING_SECONDS", 0.2)
    loop = asyncio.get_running_loop()
    async with Watched(server.url) as bus, bus.subscribe(CHANNEL) as messages:
        before = pings(admin)
        until = loop.time() + 10 * redis_backend.PING_SECONDS
        while loop.time() < until:
            await bus.publish(CHANNEL, "a message")
            await hear(messages)
        assert pings(admin) - before < 5  # one for each time that we stalled
        await comes_true(lambda: pings(admin) - before >= 5)


async def test_thousands_of_channels_are_all_back_before_anybody_is_told(bus: Watched, admin: redis.Redis) -> None:
    count = 2_500  # more than two batches
    heard: set[str] = set()
    joined = asyncio.Event()

    async def read(channel: str) -> None:
        async with bus.subscribe(channel) as messages:
            if bus.channels == count:
                joined.set()
            heard.add(await anext(messages))

    readers = [asyncio.create_task(read(f"{CHANNEL}:{number}")) for number in range(count)]
    await happens(joined)
    subscribed: list[int] = []
    bus.on_reconnect(lambda: subscribed.append(len(admin.pubsub_channels())))
    admin.client_kill_filter(_type="pubsub")
    await happens(bus.back)
    assert subscribed == [count]
    await bus.publish_all((f"{CHANNEL}:{number}", str(number)) for number in range(count))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*readers)
    assert heard == {str(number) for number in range(count)}


async def test_a_reader_process_that_fell_too_far_behind_is_cut_off_by_redis_and_told(
    bus: Watched, admin: redis.Redis
) -> None:
    admin.config_set("client-output-buffer-limit", "pubsub 1mb 1mb 1")
    async with bus.subscribe(CHANNEL) as messages:
        for _ in range(50):
            admin.publish(CHANNEL, "x" * 1_000_000)  # without letting our loop run
        await happens(bus.back)
        await bus.publish(CHANNEL, "after")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await anext(messages) != "after":
                pass


async def test_bytes_that_are_no_text_do_not_end_the_listening(bus: Watched, admin: redis.Redis) -> None:
    async with bus.subscribe(CHANNEL) as messages:
        admin.publish(CHANNEL, b"\xff\xfe")
        admin.publish(CHANNEL, b"text")
        assert await hear(messages, 2) == ["\ufffd\ufffd", "text"]
        assert not bus.away.is_set()


async def test_those_who_left_leave_nothing_at_redis(bus: Watched, admin: redis.Redis) -> None:
    async def visit(number: int) -> None:
        async with bus.subscribe(f"{CHANNEL}:{number % 50}"):
            pass

    await asyncio.gather(*map(visit, range(500)))
    async with bus.subscribe("last"):
        assert admin.pubsub_channels() == [b"last"]


async def test_a_closed_bus_leaves_no_connection_at_redis(server: Redis, admin: redis.Redis) -> None:
    async with Bus(server.url) as bus, bus.subscribe(CHANNEL):
        await asyncio.gather(*(bus.publish(CHANNEL, "hello") for _ in range(20)))
        assert len(admin.client_list()) == 1 + redis_backend.PUBLISHING_CONNECTIONS + 1
    await comes_true(lambda: len(admin.client_list()) == 1)


async def test_a_cancelled_publish_holds_no_connection(bus: Watched) -> None:
    for moment in range(40):
        publish = asyncio.create_task(bus.publish(CHANNEL, "cut short"))
        for _ in range(moment % 20):
            await asyncio.sleep(0)
        publish.cancel()
        await asyncio.gather(publish, return_exceptions=True)
    async with bus.subscribe(CHANNEL) as messages:
        await asyncio.gather(*(bus.publish(CHANNEL, "whole") for _ in range(8)))
        assert await hear(messages, 8) == ["whole"] * 8


async def test_a_bus_that_is_closed_in_mid_command_is_closed(server: Redis) -> None:
    """A send that ends in the moment of its cancellation must not forget it."""
    for number in range(20):
        bus = Watched(server.url)
        await bus.connect()
        async with AsyncExitStack() as channels:
            for channel in range(100):
                await channels.enter_async_context(bus.subscribe(f"{CHANNEL}:{channel}"))
        for _ in range(number):
            await asyncio.sleep(0)
        async with within(10):
            await bus.disconnect()


async def test_a_connection_that_breaks_as_the_bus_is_closed_keeps_nobody_waiting(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = asyncio.Event()

    async def read(*_: object) -> None:
        try:
            reading.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise redis.ConnectionError("broken at the same time") from None

    monkeypatch.setattr(RedisBackend, "_receive", read)
    bus = Watched(server.url)
    await bus.connect()
    await happens(reading)
    async with within(10):
        await bus.disconnect()


async def test_a_wrong_password_stops_the_start_with_a_sentence(server: Redis, admin: redis.Redis) -> None:
    admin.config_set("requirepass", "right")
    for url in (server.url, server.url.replace("redis://", "redis://:wrong@")):
        with pytest.raises(BusAddressError, match="password"):
            await Bus(url).connect()
    async with Bus(server.url.replace("redis://", "redis://:right@")) as bus:
        await bus.ping()


async def test_an_outage_is_logged_once_and_so_is_its_end(server: Redis) -> None:
    with capture_logs() as logs:
        async with Watched(server.url) as bus:
            server.kill()
            for _ in range(3):
                bus.away.clear()
                await happens(bus.away)
            server.start()
            await happens(bus.back)
    assert [entry["event"] for entry in logs] == ["redis connection lost", "redis connection restored"]


async def test_attempts_come_ever_more_slowly_while_redis_is_away(server: Redis) -> None:
    delays: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        delays.append(seconds)
        if len(delays) == 10:
            enough.set()
        await asyncio.sleep(0)

    server.kill()
    async with Bus("redis://", backend=RedisBackend(server.url, sleep=sleep, jitter=lambda: 1.0)):
        await happens(enough)
    assert delays[:10] == sorted(delays[:10])
    assert delays[0] < 0.5
    assert delays[9] == LONGEST_BACKOFF_SECONDS


def test_the_pause_before_an_attempt_is_anything_up_to_its_limit() -> None:
    assert backoff(3, 0.0) == 0
    assert backoff(3, 0.5) == backoff(3, 1.0) / 2


def test_the_pause_stays_finite_in_a_long_outage() -> None:
    assert backoff(100_000, 1.0) == LONGEST_BACKOFF_SECONDS
