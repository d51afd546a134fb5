"""What goes wrong around a page, at random: networks that are cut or fall silent, laptops that sleep, servers that end.

Each trouble undoes itself, so that when `troubled` returns, everything runs.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

from tests.e2e.laptop import Laptop
from tests.e2e.site import Scaled, Site
from tests.support.fleet import send
from tests.support.services import Server

CALM_SECONDS = (1.0, 8.0)
"""Between two troubles of one kind: sometimes a page is not even back, sometimes all has been well for long."""

OUTAGE_SECONDS = (0.0, 6.0)
"""From a drop that nobody notices to one for which clients wait long between two attempts."""

SLEEP_SECONDS = (1.0, 15.0)
"""A server does not wait that long for a reader who is stuck."""


Trouble = Callable[[Random], Awaitable[None]]


async def troubled(site: Site, laptops: list[Laptop], random: Random, until: float, suffered: Counter[str]) -> None:
    """Troubles of each network, of each laptop and of the server, until that time of the monotonic clock."""
    async with asyncio.TaskGroup() as tasks:
        for laptop in laptops:
            troubles: dict[str, Trouble] = {
                "cuts": partial(_cut, laptop),
                "silences": partial(_silence, laptop),
                "sleeps": partial(_sleep, laptop),
            }
            tasks.create_task(_again_and_again(troubles, Random(random.random()), until, suffered))
        ends: dict[str, Trouble] = {
            "stops": partial(_restart, site, site.stop),
            "kills": partial(_restart, site, site.kill),
        }
        if isinstance(site, Scaled):
            ends |= {
                "kills of a process": partial(_kill_one, site),
                "kills of Redis": partial(_kill_beneath, site.redis),
                "kills of Postgres": partial(_kill_beneath, site.postgres),
            }
        tasks.create_task(_again_and_again(ends, Random(random.random()), until, suffered))


async def _again_and_again(troubles: dict[str, Trouble], random: Random, until: float, suffered: Counter[str]) -> None:
    while time.monotonic() + (pause := random.uniform(*CALM_SECONDS)) < until:
        await asyncio.sleep(pause)
        name = random.choice([*troubles])
        suffered[name] += 1
        await troubles[name](random)


async def _cut(laptop: Laptop, random: Random) -> None:
    laptop.network.cut()
    try:
        await asyncio.sleep(random.uniform(*OUTAGE_SECONDS))
    finally:
        laptop.network.restore()


async def _silence(laptop: Laptop, random: Random) -> None:
    """Every socket is half-open from now on; new ones work."""
    laptop.network.swallow()


async def _sleep(laptop: Laptop, random: Random) -> None:
    await laptop.sleeps(random.uniform(*SLEEP_SECONDS), forgotten=random.random() < 0.5)


async def _restart(site: Site, end: Callable[[], None], random: Random) -> None:
    await asyncio.to_thread(end)
    assert not site.errors, site.errors
    try:
        await asyncio.sleep(random.uniform(*OUTAGE_SECONDS))
    finally:
        await asyncio.to_thread(site.start)


async def _kill_one(site: Site, random: Random) -> None:
    """One of its processes, which it replaces by itself."""
    send(signal.SIGKILL, random.choice(site.children))


async def _kill_beneath(service: Server, random: Random) -> None:
    await asyncio.to_thread(service.kill)
    try:
        await asyncio.sleep(random.uniform(*OUTAGE_SECONDS))
    finally:
        await asyncio.to_thread(service.start)
