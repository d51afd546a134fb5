"""Single queries that come together share a connection, one after the other.

To take a connection from the pool, ask whether it lives and give it back costs twice what a short query does. After a
restart, thousands of clients come at once, with a few queries each.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.ext.asyncio import AsyncEngine

READS_AT_ONCE = 5
"""Half of the pool: the rest is for requests."""

READS_IN_A_ROW = 50
"""On one connection. Then a request that waits for one has its turn."""

Rows = Sequence[Row[Any]]


class Reads:
    """The queries of one engine, whose connections commit each statement by themselves.

    `start` runs a task to its end.
    """

    def __init__(self, engine: AsyncEngine, at_once: int, start: Callable[[Any], Any]) -> None:
        self._engine = engine
        self._at_once = min(READS_AT_ONCE, at_once)
        self._start = start
        self._waiting: deque[tuple[Executable, Mapping[str, Any] | None, asyncio.Future[Rows]]] = deque()
        self._running = 0

    async def read(self, statement: Executable, parameters: Mapping[str, Any] | None) -> Rows:
        """The rows that the query finds. If the caller is cancelled, it runs nevertheless."""
        answer: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        self._waiting.append((statement, parameters, answer))
        if self._running < self._at_once:
            self._running += 1
            self._start(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._run_some()
        finally:
            self._running -= 1

    async def _run_some(self) -> None:
        answer: asyncio.Future[Rows] | None = None
        try:
            async with self._engine.connect() as connection:
                for _ in range(min(READS_IN_A_ROW, len(self._waiting))):
                    if not self._waiting:
                        return
                    statement, parameters, answer = self._waiting.popleft()
                    if answer.cancelled():
                        continue
                    rows = (await connection.execute(statement, parameters)).all()
                    if not answer.done():
                        answer.set_result(rows)
        except Exception as error:
            # Without a connection, none of those that wait can be answered.
            failed = [answer] if answer is not None else [each for *_, each in self._waiting]
            if answer is None:
                self._waiting.clear()
            for each in failed:
                if not each.done():
                    each.set_exception(error)
