"""Waiting for a state that nothing announces, such as a task that has ended or a row that another process changed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE_SECONDS = 20
"""A test fails after waiting for this long. Generous, because two cores run everything."""

Value = TypeVar("Value")


async def until(holds: Callable[[], object]) -> None:
    """Return once this holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 no event is set for it
            await asyncio.sleep(0.002)


async def becomes(ask: Callable[[], Awaitable[Value]], holds: Callable[[Value], object]) -> Value:
    """The first answer for which this holds. For what another process or a server must be asked."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while not holds(answer := await ask()):
        assert asyncio.get_running_loop().time() < deadline, f"after {PATIENCE_SECONDS} s it is still {answer}"
        await asyncio.sleep(0.02)
    return answer
