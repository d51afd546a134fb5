"""What becomes of the pages of two servers when one of them is restarted.

    make bench ONLY=restart ROUNDS=1

The clients have the package's rules: how long they wait for a handshake, and how long before the next one. Each
connects to the server that listens and has the fewest of them, as behind a load balancer.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from bench.audience import AT_ONCE
from bench.contestants import REST, SERVER, TWOTRACK, Services, migrate, pages_of, person
from bench.load import Load
from bench.measure import Figures
from bench.page_client import Abandoned, PageClient
from bench.processes import running
from bench.seats import Seat
from tests.support.services import free_port

PATIENCE_SECONDS = 300

FIRST_SECONDS, LONGEST_SECONDS, STEADY_SECONDS, BUSY_RETRIES = 0.25, 10.0, 5.0, 3
"""The rules of `backoff.ts` and `reconnectBackoff.ts` in client/src/core/transport."""

BUSY = 1013


class Balancer:
    """Chooses the server of each connection, and counts how handshakes end."""

    def __init__(self, ports: list[int]) -> None:
        self.open = Counter[int](dict.fromkeys(ports, 0))
        self.counts = Counter[str]()

    async def connect(self, seat: Seat) -> PageClient | None:
        """To the server with the fewest connections; None if no server listens."""
        for port, _ in sorted(self.open.items(), key=lambda item: item[1]):
            client = PageClient(port, seat)
            self.open[port] += 1  # while it connects, others choose
            client.closed.add_done_callback(partial(self._left, port))
            try:
                await asyncio.get_running_loop().create_connection(partial(_same, client), "127.0.0.1", port)
                return client
            except OSError:
                client.closed.set_result(None)
        return None

    def _left(self, port: int, _: object) -> None:
        self.open[port] -= 1


def _same(client: PageClient) -> PageClient:
    return client


class Visitor:
    """A page that stays, and connects again whenever it is disconnected."""

    def __init__(self, seat: Seat, balancer: Balancer) -> None:
        self._seat = seat
        self._balancer = balancer
        self.shown = asyncio.Event()

    async def stay(self) -> None:
        retries, counts, loop = 0, self._balancer.counts, asyncio.get_running_loop()
        while True:
            begun = loop.time()
            if (client := await self._balancer.connect(self._seat)) is not None:
                counts["handshakes"] += 1
                try:
                    await client.acknowledged_in_time()
                    await client.shown
                    self.shown.set()
                    await asyncio.shield(client.closed)
                except Abandoned:
                    counts["abandoned"] += 1
                except ConnectionError:
                    if client.code == BUSY:
                        counts["busy"] += 1
                        retries = max(retries, BUSY_RETRIES)
                finally:
                    self.shown.clear()
                    client.leave()
                if loop.time() - begun >= STEADY_SECONDS:
                    retries = 0
            await asyncio.sleep(random.random() * min(LONGEST_SECONDS, FIRST_SECONDS * 2**retries))
            retries += 1


async def of_one(services: Services, load: Load) -> Figures:
    async with _servers(services, load) as (first, balancer, seats), asyncio.timeout(PATIENCE_SECONDS):
        visitors, tasks = [Visitor(seat, balancer) for seat in seats], []
        try:
            for begin in range(0, len(visitors), AT_ONCE):
                together = visitors[begin : begin + AT_ONCE]
                tasks += [asyncio.create_task(visitor.stay()) for visitor in together]
                await _all_shown(together)
            loop = asyncio.get_running_loop()
            before, begun = balancer.counts.copy(), loop.time()
            await first.restart()
            await _all_shown(visitors)
            seconds, counts = loop.time() - begun, balancer.counts - before
            largest = max(balancer.open.values()) / len(visitors)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    values: dict[str, Any] = dict.fromkeys(Figures.__dataclass_fields__, 0)
    values |= {"handshakes": counts["handshakes"], "abandoned": counts["abandoned"], "told_to_retry": counts["busy"]}
    return Figures(**values | {"seconds": seconds, "largest_share": largest})


async def _all_shown(visitors: list[Visitor]) -> None:
    while not all(visitor.shown.is_set() for visitor in visitors):
        for visitor in visitors:
            await visitor.shown.wait()


class Restartable:
    """A server that listens on the same port again after a restart."""

    def __init__(self, env: dict[str, str], core: int) -> None:
        self.port = free_port()
        self._env = env
        self._core = core
        self._running = AsyncExitStack()

    async def start(self) -> None:
        command = [TWOTRACK, "serve", "--no-replies", "--port", str(self.port)]
        process = await self._running.enter_async_context(running(command, self._env, core=self._core))
        await process.listens(self.port)

    async def stop(self) -> None:
        await self._running.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()


@asynccontextmanager
async def _servers(services: Services, load: Load) -> AsyncIterator[tuple[Restartable, Balancer, list[Seat]]]:
    """The one that is restarted runs beside the clients; the other has a core of its own."""
    with services.postgres.database(services.postgres.template("bench", migrate)) as database:
        env = services.environment(load, database)
        first, second = Restartable(env, REST), Restartable(env, SERVER)
        async with AsyncExitStack() as stack:
            for server in (first, second):
                stack.push_async_callback(server.stop)
                await server.start()
            people = [await stack.enter_async_context(person(second.port, name)) for name in ("Ann", "Ben")]
            seats = await pages_of(people, load)
            yield first, Balancer([first.port, second.port]), seats
