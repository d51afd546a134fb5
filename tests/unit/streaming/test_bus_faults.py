"""The bus serves its subscribers when a backend is slow, refuses, breaks off or restarts. Broadcaster does not."""

import asyncio
from contextlib import AsyncExitStack

import pytest
import redis
from broadcaster import BroadcastBackend, Event

from api.streaming import bus as bus_module
from api.streaming.bus import Bus
from tests.support.services import Redis, throw_away
from tests.support.until import PATIENCE_SECONDS

CHANNEL = "channel"


class Slow(BroadcastBackend):
    """Takes its time to subscribe, as anything on a network does."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.subscribed: list[str] = []

    async def connect(self) -> None:
        pass

    async def disconnect(self) -> None:
        pass

    async def subscribe(self, group: str) -> None:
        await asyncio.sleep(0)
        self.subscribed.append(group)

    async def unsubscribe(self, group: str) -> None:
        await asyncio.sleep(0)
        self.subscribed.remove(group)

    async def publish(self, channel: str, message: str) -> None:
        await self.events.put(Event(channel, message))

    async def next_published(self) -> Event:
        return await self.events.get()


class Refusing(Slow):
    async def subscribe(self, group: str) -> None:
        raise PermissionError("no channels for you")


class Broken(Slow):
    """Fails once while the bus listens to it."""

    broken = True

    async def next_published(self) -> Event:
        if self.broken:
            self.broken = False
            raise ConnectionResetError("gone")
        return await super().next_published()


async def test_all_who_first_join_a_channel_at_the_same_moment_receive_its_messages() -> None:
    """Stock: all but the last fail with KeyError."""
    async with Bus("slow://", backend=Slow()) as bus:
        entered, published = asyncio.Semaphore(0), asyncio.Event()

        async def read() -> str:
            async with bus.subscribe(CHANNEL) as messages:
                entered.release()
                await published.wait()
                return await anext(messages)

        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
            reading = [tasks.create_task(read()) for _ in range(3)]
            for _ in reading:
                await entered.acquire()
            await bus.publish(CHANNEL, "hello")
            published.set()
        assert [task.result() for task in reading] == ["hello"] * 3


async def test_a_channel_is_kept_when_a_leave_and_a_join_cross() -> None:
    backend = Slow()
    async with Bus("slow://", backend=backend) as bus:
        for _ in range(3):
            async with AsyncExitStack() as stays:
                leaving = bus.subscribe(CHANNEL)
                await leaving.__aenter__()
                leave = asyncio.create_task(leaving.__aexit__(None, None, None))
                await asyncio.sleep(0)  # now in the middle of unsubscribing
                messages = await stays.enter_async_context(bus.subscribe(CHANNEL))
                await leave
                assert backend.subscribed == [CHANNEL]
                await bus.publish(CHANNEL, "hello")
                assert await anext(messages) == "hello"
            assert backend.subscribed == []


async def test_a_failure_to_subscribe_is_raised_as_it_is() -> None:
    """Stock: KeyError hides it."""
    async with Bus("refusing://", backend=Refusing()) as bus:
        with pytest.raises(PermissionError, match="no channels for you"):
            async with bus.subscribe(CHANNEL):
                pass
        assert bus.channels == 0


async def test_a_subscriber_that_is_cancelled_while_it_joins_ends_cancelled() -> None:
    """Stock: KeyError replaces the cancellation."""

    async def join() -> None:
        async with bus.subscribe(CHANNEL):
            pass

    async with Bus("slow://", backend=Slow()) as bus:
        task = asyncio.create_task(join())
        await asyncio.sleep(0)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError)
        assert bus.channels == 0


async def test_the_bus_listens_on_after_a_failure_and_says_that_messages_may_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stock: it never receives anything again."""
    monkeypatch.setattr(bus_module, "RESTART_SECONDS", 0)
    async with Bus("broken://", backend=Broken()) as bus, bus.subscribe(CHANNEL) as messages:
        reconnected = asyncio.Event()
        bus.on_reconnect(reconnected.set)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await reconnected.wait()
            await bus.publish(CHANNEL, "hello")
            assert await anext(messages) == "hello"


async def test_a_sole_subscriber_receives_messages_over_redis(redis_server: Redis) -> None:
    """Stock: its listener gives up if it starts before Redis has confirmed a channel, on Python 3.11."""
    async with Bus(redis_server.url) as bus, bus.subscribe(CHANNEL) as messages:
        with redis.Redis.from_url(redis_server.url) as admin:
            assert admin.publish(CHANNEL, "hello") == 1
        assert await anext(messages) == "hello"


async def test_a_subscriber_receives_messages_again_after_redis_has_restarted() -> None:
    """Stock: its listener ends with the connection."""
    with throw_away(Redis) as server:
        async with Bus(server.url) as bus, bus.subscribe(CHANNEL) as messages:
            reconnected = asyncio.Event()
            bus.on_reconnect(reconnected.set)
            server.kill()
            server.start()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await reconnected.wait()
                await bus.publish(CHANNEL, "after")
                assert await anext(messages) == "after"
