"""What goes wrong beneath the readers of a fleet: one trouble after the other, each of which undoes itself."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

from tests.support.fleet import Fleet, Process, frozen
from tests.support.network import Network
from tests.support.services import Server

CALM_SECONDS = (2.0, 8.0)
"""Between two troubles."""

OUTAGE_SECONDS = (0.0, 4.0)
"""From one that nobody notices to one that outlasts a lease."""

Trouble = Callable[[Random], Awaitable[None]]


def troubles(fleet: Fleet, worker: Process, network: Network) -> dict[str, Trouble]:
    """By name. The first server is never restarted: its memory shows what stays."""
    server = fleet.servers[1]
    return {
        "stops of a server": partial(_stop, server),
        "kills of a server": partial(_kill, server),
        "freezes of a server": partial(_freeze, server),
        "stops of the worker": partial(_stop, worker),
        "kills of the worker": partial(_kill, worker),
        "freezes of the worker": partial(_freeze, worker),
        "kills of Redis": partial(_kill, fleet.redis),
        "freezes of Redis": partial(_freeze, fleet.redis),
        "kills of Postgres": partial(_kill, fleet.postgres),
        "freezes of Postgres": partial(_freeze, fleet.postgres),
        "cuts": partial(_cut, network),
        "silences": partial(_silence, network),
    }


async def troubled(troubles: dict[str, Trouble], random: Random, until: float, suffered: Counter[str]) -> None:
    """One after the other, each as often as any other, until that time of the monotonic clock."""
    waiting: list[str] = []
    while time.monotonic() + (pause := random.uniform(*CALM_SECONDS)) < until:
        await asyncio.sleep(pause)
        if not waiting:
            waiting = random.sample([*troubles], len(troubles))
        name = waiting.pop()
        suffered[name] += 1
        await troubles[name](random)


async def _stop(process: Process, random: Random) -> None:
    await asyncio.to_thread(process.stop)
    await asyncio.to_thread(process.start)


async def _kill(server: Server, random: Random) -> None:
    await asyncio.to_thread(server.kill)
    try:
        await asyncio.sleep(random.uniform(*OUTAGE_SECONDS))
    finally:
        await asyncio.to_thread(server.start)


async def _freeze(server: Server, random: Random) -> None:
    with frozen(server):
        await asyncio.sleep(random.uniform(*OUTAGE_SECONDS))


async def _cut(network: Network, random: Random) -> None:
    network.cut()
    try:
        await asyncio.sleep(random.uniform(*OUTAGE_SECONDS))
    finally:
        network.restore()


async def _silence(network: Network, random: Random) -> None:
    """Every connection is half-open from now on; new ones work."""
    network.swallow()
