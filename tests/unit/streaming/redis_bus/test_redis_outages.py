"""Redis goes and comes back in every way it can: the bus never hangs, and reports when messages may be missing."""

import asyncio

import pytest
import redis

from api.streaming import redis_backend
from api.streaming.errors import BusDown
from tests.support.services import Redis
from tests.support.until import PATIENCE_SECONDS
from tests.unit.streaming.redis_bus.watched import CHANNEL, Watched, comes_true, frozen, happens, hear, pings, within


@pytest.fixture
def no_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waited for one would do so for longer than a test has patience."""
    monkeypatch.setattr(redis_backend, "ANSWER_SECONDS", 10 * PATIENCE_SECONDS)


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
            async with within(PATIENCE_SECONDS):
                await bus.away.wait()
        await happens(bus.back)
        await bus.publish(CHANNEL, "after")
        assert await hear(messages) == ["after"]


async def test_whoever_joins_while_redis_is_away_enters_at_once_and_hears_when_it_is_back(
    server: Redis, bus: Watched, no_answer_is_waited_for: None
) -> None:
    server.kill()
    await happens(bus.away)
    async with within(PATIENCE_SECONDS):
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
        async with within(PATIENCE_SECONDS):
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
    server: Redis, bus: Watched, no_answer_is_waited_for: None
) -> None:
    async with bus.subscribe(CHANNEL) as messages:
        await bus.publish(CHANNEL, "before")
        server.kill()
        for _ in range(20):
            with pytest.raises(BusDown):
                async with within(PATIENCE_SECONDS):
                    await bus.publish(CHANNEL, "lost")
        server.start()
        await happens(bus.back)
        await bus.publish(CHANNEL, "after")
        assert await hear(messages, 2) == ["before", "after"]


async def test_publishing_to_a_frozen_redis_gives_up_soon_however_many_do(server: Redis, bus: Watched) -> None:
    with frozen(server):
        async with within(PATIENCE_SECONDS):
            outcomes = await asyncio.gather(*(bus.publish(CHANNEL, "lost") for _ in range(200)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {BusDown}


async def test_a_ping_fails_while_redis_is_frozen(server: Redis, bus: Watched) -> None:
    with frozen(server), pytest.raises(BusDown):
        async with within(PATIENCE_SECONDS):
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
