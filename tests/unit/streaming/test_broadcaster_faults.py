"""What broadcaster 0.3.1 does wrong, each fault shown in the original and gone in ours.

Should one of the first halves fail, broadcaster has changed: then look whether `Bus` still needs to differ from it.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest
import redis
from broadcaster import Broadcast, BroadcastBackend, Event

from api.streaming import bus as bus_module
from api.streaming.bus import INBOX_BYTES, Bus
from tests.support.services import Redis, throw_away

CHANNEL = "channel"
SILENCE_SECONDS = 0.3
"""A local message takes a thousandth of it."""


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
    """Fails once while it is listened to."""

    broken = True

    async def next_published(self) -> Event:
        if self.broken:
            self.broken = False
            raise ConnectionResetError("gone")
        return await super().next_published()


async def joined_together(bus: Broadcast, readers: int) -> list[object]:
    """What each of several who join one channel at the same moment hears of one message."""
    entered = asyncio.Semaphore(0)
    done = asyncio.Event()

    async def read() -> object:
        async with bus.subscribe(CHANNEL) as messages:
            entered.release()
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await anext(aiter(messages))
            except TimeoutError:
                message = None
            await done.wait()
            return getattr(message, "message", message)

    tasks = [asyncio.create_task(read()) for _ in range(readers)]
    for _ in range(readers):
        await entered.acquire()
    await bus.publish(CHANNEL, "hello")
    await asyncio.wait(tasks, timeout=SILENCE_SECONDS * 2)
    done.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_stock_loses_all_but_the_last_of_those_who_first_join_a_channel_together() -> None:
    async with Broadcast(backend=Slow()) as stock:
        *others, last = await joined_together(stock, 3)
        assert last == "hello"
        assert [type(other) for other in others] == [KeyError, KeyError]


async def test_ours_serves_all_who_first_join_a_channel_together() -> None:
    async with Bus("slow://", backend=Slow()) as ours:
        assert await joined_together(ours, 3) == ["hello"] * 3


async def test_ours_keeps_a_channel_when_a_leave_and_a_join_cross() -> None:
    backend = Slow()
    async with Bus("slow://", backend=backend) as ours:
        for _ in range(3):
            async with AsyncExitStack() as stays:
                leaving = ours.subscribe(CHANNEL)
                await leaving.__aenter__()
                leave = asyncio.create_task(leaving.__aexit__(None, None, None))
                await asyncio.sleep(0)  # now in the middle of unsubscribing
                messages = await stays.enter_async_context(ours.subscribe(CHANNEL))
                await leave
                assert backend.subscribed == [CHANNEL]
                await ours.publish(CHANNEL, "hello")
                assert await anext(messages) == "hello"
            assert backend.subscribed == []


async def test_stock_hides_a_failure_to_subscribe_behind_a_key_error() -> None:
    async with Broadcast(backend=Refusing()) as stock:
        with pytest.raises(KeyError):
            async with stock.subscribe(CHANNEL):
                pass


async def test_ours_lets_a_failure_to_subscribe_speak_for_itself() -> None:
    async with Bus("refusing://", backend=Refusing()) as ours:
        with pytest.raises(PermissionError, match="no channels for you"):
            async with ours.subscribe(CHANNEL):
                pass
        assert ours.channels == 0


async def test_stock_turns_a_cancellation_into_a_key_error() -> None:
    async with Broadcast(backend=Slow()) as stock:
        assert isinstance(await cancelled_while_joining(stock), KeyError)


async def test_ours_lets_itself_be_cancelled() -> None:
    async with Bus("slow://", backend=Slow()) as ours:
        assert isinstance(await cancelled_while_joining(ours), asyncio.CancelledError)
        assert ours.channels == 0


async def cancelled_while_joining(bus: Broadcast) -> BaseException | None:
    async def join() -> None:
        async with bus.subscribe(CHANNEL):
            pass

    task = asyncio.create_task(join())
    await asyncio.sleep(0)
    task.cancel()
    [outcome] = await asyncio.gather(task, return_exceptions=True)
    return outcome


async def test_stock_queues_without_bound_for_a_reader_who_does_not_read() -> None:
    async with Broadcast("memory://") as stock, stock.subscribe(CHANNEL) as stuck, stock.subscribe(CHANNEL) as prompt:
        assert await waiting_bytes(stock, stuck._queue, prompt._queue) > 2 * INBOX_BYTES


async def test_ours_bounds_what_waits_for_a_reader_who_does_not_read() -> None:
    async with Bus("memory://") as ours, ours.subscribe(CHANNEL) as stuck, ours.subscribe(CHANNEL) as prompt:
        assert 0 < await waiting_bytes(ours, stuck, prompt) <= INBOX_BYTES


async def waiting_bytes(
    bus: Broadcast, stuck: "asyncio.Queue[Event | None]", prompt: "asyncio.Queue[Event | None]"
) -> int:
    for _ in range(20):
        await bus.publish(CHANNEL, "x" * (INBOX_BYTES // 8))
        await prompt.get()
    return sum(len(event.message) for event in stuck._queue if event is not None)


async def test_stock_stops_listening_for_good_after_one_failure() -> None:
    stock = Broadcast(backend=Broken())
    await stock.connect()
    async with stock.subscribe(CHANNEL) as subscriber:
        await stock.publish(CHANNEL, "hello")
        await silence(subscriber)
    with pytest.raises(ConnectionResetError):
        await stock.disconnect()


async def test_ours_goes_on_listening_and_says_that_something_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_module, "RESTART_SECONDS", 0)
    async with Bus("broken://", backend=Broken()) as ours, ours.subscribe(CHANNEL) as messages:
        told = asyncio.Event()
        ours.on_reconnect(told.set)
        async with asyncio.timeout(5):
            await told.wait()
            await ours.publish(CHANNEL, "hello")
            assert await anext(messages) == "hello"


async def test_ours_over_redis_hears_for_a_sole_subscriber(redis_server: Redis) -> None:
    """Stock is deaf where Python is older than 3.12: its listener looks for channels before Redis has confirmed one."""
    async with Bus(redis_server.url) as ours, ours.subscribe(CHANNEL) as messages:
        with redis.Redis.from_url(redis_server.url) as admin:
            assert admin.publish(CHANNEL, "hello") == 1
        assert await anext(messages) == "hello"


async def test_stock_over_redis_is_silent_for_ever_after_a_restart() -> None:
    with throw_away(Redis) as server:
        async with (
            Broadcast(server.url) as stock,
            stock.subscribe("another, as a sole one may be deaf anyway"),
            stock.subscribe(CHANNEL) as subscriber,
        ):
            await stock.publish(CHANNEL, "before")
            assert (await subscriber.get()).message == "before"
            server.kill()
            listener = stock._backend._listener
            await asyncio.wait([listener], timeout=5)
            assert isinstance(listener.exception(), redis.ConnectionError)
            server.start()
            with redis.Redis.from_url(server.url) as admin:
                admin.publish(CHANNEL, "after")
            await silence(subscriber)


async def test_ours_over_redis_hears_again_after_a_restart() -> None:
    with throw_away(Redis) as server:
        async with Bus(server.url) as ours, ours.subscribe(CHANNEL) as messages:
            back = asyncio.Event()
            ours.on_reconnect(back.set)
            server.kill()
            server.start()
            async with asyncio.timeout(10):
                await back.wait()
                await ours.publish(CHANNEL, "after")
                assert await anext(messages) == "after"


async def silence(subscriber: object) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SILENCE_SECONDS):
            await subscriber.get()
