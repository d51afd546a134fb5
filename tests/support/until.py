"""Waiting for what nobody tells, such as a task that has ended or a connection that was given back."""

import asyncio
from collections.abc import Callable

PATIENCE_SECONDS = 20
"""After so long without it, a test fails: generous, as two cores run everything."""


async def until(holds: Callable[[], object]) -> None:
    """Return once this holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 nobody sets an event for it
            await asyncio.sleep(0.002)
