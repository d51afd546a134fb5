"""A patience runs out in whoever waits within it, and in nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from api.replies.idle_timeout import IdleTimeout
from tests.support.until import until

SHORT_SECONDS = 0.05


@pytest.fixture
async def patience() -> AsyncIterator[IdleTimeout]:
    with closing(IdleTimeout(SHORT_SECONDS)) as patience:
        yield patience


async def silence() -> None:
    await asyncio.Event().wait()


async def test_it_runs_out_in_whoever_waits(patience: IdleTimeout) -> None:
    with pytest.raises(TimeoutError), patience:
        await silence()
    await asyncio.sleep(0)  # the task is cancelled no more


async def test_it_lasts_as_long_as_something_is_heard(patience: IdleTimeout) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + 4 * SHORT_SECONDS
    while loop.time() < until:
        with patience:
            await asyncio.sleep(0)
        patience.renew()
    with pytest.raises(TimeoutError), patience:
        await silence()


async def test_it_does_not_run_out_in_somebody_who_does_something_else_meanwhile(patience: IdleTimeout) -> None:
    await until(lambda: patience.left < -SHORT_SECONDS)
    with patience:
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError), patience:
        await silence()


async def test_whoever_is_cancelled_for_another_reason_is_cancelled(patience: IdleTimeout) -> None:
    async def wait() -> None:
        with patience:
            await silence()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_whoever_is_cancelled_just_when_it_runs_out_is_cancelled(patience: IdleTimeout) -> None:
    async def wait() -> None:
        with patience:
            try:
                await silence()
            except asyncio.CancelledError:
                waiting.cancel()  # by somebody else, before this could be told
                raise

    waiting = asyncio.create_task(wait())
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert waiting.cancelled()
