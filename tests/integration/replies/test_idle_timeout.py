"""An idle timeout ends the wait inside it, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from api.replies.idle_timeout import IdleTimeout
from tests.support.until import until

SHORT_SECONDS = 0.05


@pytest.fixture
async def idle() -> AsyncIterator[IdleTimeout]:
    with closing(IdleTimeout(SHORT_SECONDS)) as idle:
        yield idle


async def silence() -> None:
    await asyncio.Event().wait()


async def test_a_silence_ends_in_a_timeout(idle: IdleTimeout) -> None:
    with pytest.raises(TimeoutError), idle:
        await silence()
    await asyncio.sleep(0)  # the task is not cancelled any more


async def test_renewing_starts_the_time_again(idle: IdleTimeout) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + 4 * SHORT_SECONDS
    while loop.time() < until:
        with idle:
            await asyncio.sleep(0)
        idle.renew()
    with pytest.raises(TimeoutError), idle:
        await silence()


async def test_work_outside_of_it_is_not_interrupted(idle: IdleTimeout) -> None:
    await until(lambda: idle.remaining < -SHORT_SECONDS)
    with idle:
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError), idle:
        await silence()


async def test_a_task_that_is_cancelled_for_another_reason_stays_cancelled(idle: IdleTimeout) -> None:
    async def wait() -> None:
        with idle:
            await silence()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_task_that_is_cancelled_at_the_same_time_stays_cancelled(idle: IdleTimeout) -> None:
    async def wait() -> None:
        with idle:
            try:
                await silence()
            except asyncio.CancelledError:
                waiting.cancel()  # for another reason, before the timeout is raised
                raise

    waiting = asyncio.create_task(wait())
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert waiting.cancelled()
