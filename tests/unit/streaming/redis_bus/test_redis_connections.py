"""What the bus leaves at Redis, what it logs of an outage, and how often it tries to connect again."""

import asyncio
from contextlib import AsyncExitStack

import pytest
import redis
from structlog.testing import capture_logs

from api.streaming import redis_backend
from api.streaming.bus import Bus
from api.streaming.errors import BusAddressError
from api.streaming.redis_backend import LONGEST_BACKOFF_SECONDS, RedisBackend, backoff
from tests.support.services import Redis
from tests.support.until import PATIENCE_SECONDS
from tests.unit.streaming.redis_bus.watched import CHANNEL, Watched, comes_true, happens, hear, within


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
        async with within(PATIENCE_SECONDS):
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
    async with within(PATIENCE_SECONDS):
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
