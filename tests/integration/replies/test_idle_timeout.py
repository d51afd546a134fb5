"""An idle timeout ends the wait inside it, and nothing else. The event loop's clock moves when the test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from api.replies.idle_timeout import IdleTimeout

SECONDS = 100.0


class Clock:
    """The clock of the event loop."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def pass_(self, seconds: float) -> None:
        """Move on, and let the timers that are due run."""
        self.now += seconds
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clock]:
    loop, clock = asyncio.get_running_loop(), Clock()
    with monkeypatch.context() as patch:
        clock.now = loop.time()
        patch.setattr(loop, "time", clock)
        yield clock


@pytest.fixture
async def idle(clock: Clock) -> AsyncIterator[IdleTimeout]:
    with closing(IdleTimeout(SECONDS)) as idle:
        yield idle


async def silent(idle: IdleTimeout) -> None:
    """Wait inside it for a provider that sends nothing."""
    with idle:
        await asyncio.Event().wait()


async def test_a_silence_ends_in_a_timeout(idle: IdleTimeout, clock: Clock) -> None:
    waiting = asyncio.create_task(silent(idle))
    await clock.pass_(SECONDS - 1)
    assert not waiting.done()
    await clock.pass_(2)
    with pytest.raises(TimeoutError):
        await waiting
    assert not waiting.cancelled()


async def test_renewing_starts_the_time_again(idle: IdleTimeout, clock: Clock) -> None:
    for _ in range(4):
        await clock.pass_(SECONDS - 1)
        with idle:
            await asyncio.sleep(0)
        idle.renew()
    waiting = asyncio.create_task(silent(idle))
    await clock.pass_(SECONDS - 1)
    assert not waiting.done()
    await clock.pass_(2)
    with pytest.raises(TimeoutError):
        await waiting


async def test_work_outside_of_it_is_not_interrupted(idle: IdleTimeout, clock: Clock) -> None:
    await clock.pass_(2 * SECONDS)
    assert idle.remaining < 0
    with idle:
        await asyncio.sleep(0)
    waiting = asyncio.create_task(silent(idle))
    await clock.pass_(SECONDS)
    with pytest.raises(TimeoutError):
        await waiting


async def test_a_task_that_is_cancelled_for_another_reason_stays_cancelled(idle: IdleTimeout) -> None:
    waiting = asyncio.create_task(silent(idle))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_task_that_is_cancelled_at_the_same_time_stays_cancelled(idle: IdleTimeout, clock: Clock) -> None:
    async def wait() -> None:
        with idle:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                waiting.cancel()  # for another reason, before the timeout is raised
                raise

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    await clock.pass_(SECONDS + 1)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert waiting.cancelled()
