"""Single queries that come together share a connection: counted with an engine that has no database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from sqlalchemy import Executable, text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.reads import READS_AT_ONCE, READS_IN_A_ROW, Reads

QUERY = text("SELECT :value")


class Result:
    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def all(self) -> list[Any]:
        return self._rows


class Engine:
    """Answers each query with its parameter. A query for nothing fails."""

    def __init__(self) -> None:
        self.connects = 0
        self.is_away = False

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["Engine"]:
        self.connects += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise OSError("away")
        yield self

    async def execute(self, statement: Executable, parameters: Mapping[str, Any]) -> Result:
        await asyncio.sleep(0)
        if parameters["value"] is None:
            raise ValueError("nothing")
        return Result([parameters["value"]])


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def reads(engine: Engine) -> Reads:
    return Reads(cast(AsyncEngine, engine), 10, asyncio.create_task)


async def read(reads: Reads, value: int | None) -> Any:
    return await reads.read(QUERY, {"value": value})


async def test_queries_that_come_together_share_connections_and_get_their_own_rows(
    engine: Engine, reads: Reads
) -> None:
    count = 2 * READS_AT_ONCE * READS_IN_A_ROW
    found = await asyncio.gather(*(read(reads, number) for number in range(count)))
    assert found == [[number] for number in range(count)]
    assert READS_AT_ONCE <= engine.connects <= 3 * READS_AT_ONCE


async def test_a_query_that_fails_fails_alone(reads: Reads) -> None:
    values = [1, None, 3]
    found = await asyncio.gather(*(read(reads, value) for value in values), return_exceptions=True)
    assert [found[0], found[2]] == [[1], [3]]
    assert isinstance(found[1], ValueError)
    assert await read(reads, 4) == [4]


async def test_without_a_connection_all_that_wait_fail_and_later_ones_are_answered(
    engine: Engine, reads: Reads
) -> None:
    engine.is_away = True
    found = await asyncio.gather(*(read(reads, 1) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(each, OSError) for each in found)
    engine.is_away = False
    assert await read(reads, 2) == [2]


async def test_a_caller_that_leaves_delays_nobody(reads: Reads) -> None:
    leaving = asyncio.create_task(read(reads, 1))
    staying = asyncio.create_task(read(reads, 2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == [2]
