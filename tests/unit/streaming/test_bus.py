"""The bus delivers the same way in memory and over Redis."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from api.streaming import redis_backend
from api.streaming.bus import INBOX_BYTES, Bus
from api.streaming.errors import BusAddressError
from tests.support.until import PATIENCE_SECONDS


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    return "memory://" if request.param == "memory" else request.getfixturevalue("redis_server").url


@pytest.fixture
async def bus(url: str) -> AsyncIterator[Bus]:
    async with Bus(url) as bus:
        yield bus


@pytest.fixture
def channel() -> str:
    return f"channel:{uuid4().hex}"


async def hear(messages: AsyncIterator[str], count: int = 1) -> list[str]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await anext(messages) for _ in range(count)]


async def test_a_sole_reader_hears_what_is_published(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as messages:
        await bus.publish(channel, "hello")
        assert await hear(messages) == ["hello"]


async def test_every_reader_of_a_channel_hears_every_message(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as one, bus.subscribe(channel) as other:
        await bus.publish(channel, "first")
        await bus.publish(channel, "second")
        assert await hear(one, 2) == await hear(other, 2) == ["first", "second"]


async def test_a_reader_hears_nothing_of_another_channel(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as messages, bus.subscribe(channel + ":other"):
        await bus.publish(channel + ":other", "theirs")
        await bus.publish(channel, "ours")
        assert await hear(messages) == ["ours"]


async def test_a_reader_who_left_hears_nothing_more_while_the_others_do(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as stayed:
        async with bus.subscribe(channel) as left:
            pass
        await bus.publish(channel, "after")
        assert await hear(stayed) == ["after"]
        assert [message async for message in left] == []


async def test_a_channel_keeps_its_order(bus: Bus, channel: str) -> None:
    sent = [str(number) for number in range(500)]
    async with bus.subscribe(channel) as messages:
        for message in sent:
            await bus.publish(channel, message)
        assert await hear(messages, 500) == sent


async def test_many_are_published_together_in_their_order(bus: Bus, channel: str) -> None:
    sent = [f"{number}:" + "x" * 400_000 for number in range(5)]  # more than one round trip's worth
    async with bus.subscribe(channel) as messages:
        await bus.publish_all((channel, message) for message in sent)
        assert await hear(messages, 5) == sent


async def test_a_message_of_more_than_a_megabyte_arrives_whole(bus: Bus, channel: str) -> None:
    message = "größer 🙂\r\n" * 100_000
    assert len(message.encode()) > 1_200_000
    async with bus.subscribe(channel) as messages:
        await bus.publish(channel, message)
        assert await hear(messages) == [message]


async def test_what_is_published_right_after_entering_always_arrives(bus: Bus, url: str, channel: str) -> None:
    async with Bus(url) as elsewhere:
        publisher = bus if url == "memory://" else elsewhere  # another process would be another connection
        for number in range(100):
            async with bus.subscribe(channel) as messages:
                await publisher.publish(channel, str(number))
                assert await hear(messages) == [str(number)]


async def test_two_hundred_who_join_and_leave_one_channel_at_once_each_hear_themselves(
    bus: Bus, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # They publish through few connections, and the wait for one counts as time to answer.
    monkeypatch.setattr(redis_backend, "ANSWER_SECONDS", PATIENCE_SECONDS)

    async def visit(number: int) -> None:
        for turn in range(3):
            async with bus.subscribe(channel) as messages:
                await bus.publish(channel, f"{number}:{turn}")
                async for message in messages:
                    if message == f"{number}:{turn}":
                        break

    await asyncio.gather(*map(visit, range(200)))
    assert bus.channels == 0


async def test_whoever_is_cancelled_at_any_moment_of_joining_leaves_nothing(bus: Bus, channel: str) -> None:
    async def visit() -> None:
        async with bus.subscribe(channel) as messages:
            await anext(messages)

    for moment in range(20):
        visit_task = asyncio.create_task(visit())
        for _ in range(moment):
            await asyncio.sleep(0)
        visit_task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await visit_task
        assert bus.channels == 0
    async with bus.subscribe(channel) as messages:
        await bus.publish(channel, "still here")
        assert await hear(messages) == ["still here"]


async def test_channels_counts_channels_and_not_readers(bus: Bus, channel: str) -> None:
    assert bus.channels == 0
    async with bus.subscribe(channel), bus.subscribe(channel), bus.subscribe(channel + ":other"):
        assert bus.channels == 2
    assert bus.channels == 0


async def test_a_reader_who_does_not_read_keeps_the_newest_and_holds_up_nobody(bus: Bus, channel: str) -> None:
    text = "x" * (INBOX_BYTES // 4)
    async with bus.subscribe(channel) as stuck, bus.subscribe(channel) as prompt:
        for number in range(20):
            await bus.publish(channel, f"{number}:{text}")
            assert await hear(prompt) == [f"{number}:{text}"]
        await bus.publish(channel, "newest")
        assert await hear(prompt) == ["newest"]
        kept = await hear(stuck, 4)
    assert [message.partition(":")[0] for message in kept] == ["17", "18", "19", "newest"]


async def test_a_reader_who_pauses_keeps_all_while_there_is_room(bus: Bus, channel: str) -> None:
    async with bus.subscribe(channel) as paused, bus.subscribe(channel) as prompt:
        for number in range(1_000):
            await bus.publish(channel, str(number))
        await hear(prompt, 1_000)
        assert await hear(paused, 1_000) == [str(number) for number in range(1_000)]


async def test_readers_come_to_the_end_when_the_bus_closes(url: str, channel: str) -> None:
    before = asyncio.all_tasks()
    async with Bus(url) as bus, bus.subscribe(channel) as messages:
        await bus.publish(channel, "last")
        assert await hear(messages) == ["last"]
        await bus.disconnect()
        assert [message async for message in messages] == []
    assert asyncio.all_tasks() == before


async def test_a_bus_that_works_answers_a_ping(bus: Bus) -> None:
    await bus.ping()


@pytest.mark.parametrize("url", ["redis://127.0.0.1/0", "rediss://user:secret@127.0.0.1:6380/1?ssl_cert_reqs=none"])
def test_an_address_of_redis_is_taken(url: str) -> None:
    Bus(url)


@pytest.mark.parametrize(
    ("url", "because"),
    [
        ("postgres://localhost/twotrack", "8,000 bytes"),
        ("postgresql+asyncpg://localhost/twotrack", "8,000 bytes"),
        ("kafka://localhost", "must begin with"),
        ("localhost:6379", "must begin with"),
        ("", "must begin with"),
        ("redis://localhost:port", "write redis://"),
        ("redis://:sec/ret@localhost", "write redis://"),
        ("redis://localhost?unknown=1", "write redis://"),
        ("redis://[localhost", "write redis://"),
    ],
)
def test_any_other_address_is_refused_with_a_sentence_and_without_its_password(url: str, because: str) -> None:
    with pytest.raises(BusAddressError, match=because) as refusal:
        Bus(url)
    assert "sec" not in str(refusal.value)
