"""What it costs to open a page: the CPU for connecting and subscribing, and the memory of its socket.

    make bench ONLY=pages

A page follows its chats with `sync` and a reply with `messageStream`, on one socket. The pages come and leave in
rounds, which shows whether a server keeps the memory of sockets that have left.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bench.audience import Audience
from bench.contestants import SERVER, TWOTRACK, Services, Stage, idiom, migrate, pages_of, person
from bench.load import Load
from bench.measure import Figures, fill, quiet
from bench.processes import running
from tests.support.services import free_port

ROUNDS = 10


async def of_twotrack(services: Services, load: Load) -> Figures:
    async with _pages(services, load) as stage:
        return await _rounds(stage, ROUNDS)


async def of_idiom(load: Load) -> Figures:
    """Its sockets have one subscription."""
    async with idiom(load) as stage:
        return await _rounds(stage, 2)


@asynccontextmanager
async def _pages(services: Services, load: Load) -> AsyncIterator[Stage]:
    with services.postgres.database(services.postgres.template("bench", migrate)) as database:
        port = free_port()
        serve = [TWOTRACK, "serve", "--no-replies", "--port", str(port)]
        async with running(serve, services.environment(load, database), core=SERVER) as server:
            await server.listens(port)
            async with person(port, "Ann") as ann, person(port, "Ben") as ben:
                yield Stage(server, port, await pages_of([ann, ben], load), True, _nothing, _no_rows)


async def _rounds(stage: Stage, rounds: int) -> Figures:
    """The first round warms the server up; the CPU is that of the last."""
    resident = []
    connection_kb = connect_us = 0.0
    for number in range(rounds):
        async with Audience(stage.port, deflate=False, greeted=stage.greets) as audience:
            before = stage.server.times().ran
            kb = await fill(stage, audience)
            connect_us = (stage.server.times().ran - before) / len(stage.seats) * 1e6
            connection_kb = connection_kb if number else kb
        await quiet(stage.server)
        resident.append(stage.server.resident_kb())
    values: dict[str, Any] = dict.fromkeys(Figures.__dataclass_fields__, 0)
    values |= {"connection_kb": connection_kb, "connect_us": connect_us, "rounds_ratio": resident[-1] / resident[0]}
    return Figures(**values)


async def _nothing() -> None:
    """No reply is written."""


async def _no_rows() -> list[dict[str, Any]]:
    return []
