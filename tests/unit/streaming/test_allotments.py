"""What one key holds at once is bounded; the rest waits in order, and other keys do not wait for it."""

import asyncio

import pytest

from api.streaming.allotments import Allotments


class Desk:
    """Ten at once. Notes who was let in, in order."""

    def __init__(self) -> None:
        self.allotments = Allotments(10)
        self.entered: list[str] = []
        self._leave: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, amount: int, key: str = "ann") -> None:
        self._leave[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._hold(name, amount, key))
        await settled()

    async def _hold(self, name: str, amount: int, key: str) -> None:
        async with self.allotments.hold(key, amount):
            self.entered.append(name)
            await self._leave[name].wait()

    async def leave(self, name: str) -> None:
        self._leave[name].set()
        await settled()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await settled()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_what_exceeds_the_bound_waits_in_order_and_small_requests_do_not_overtake(desk: Desk) -> None:
    await desk.ask("six", 6)
    await desk.ask("four", 4)
    await desk.ask("five", 5)
    await desk.ask("one", 1)
    assert desk.entered == ["six", "four"]
    await desk.leave("four")
    assert desk.entered == ["six", "four"]
    await desk.leave("six")
    assert desk.entered == ["six", "four", "five", "one"]


async def test_other_keys_do_not_wait(desk: Desk) -> None:
    await desk.ask("ann's", 10)
    await desk.ask("bob's", 10, "bob")
    assert desk.entered == ["ann's", "bob's"]


async def test_more_than_the_bound_is_granted_alone(desk: Desk) -> None:
    await desk.ask("one", 1)
    await desk.ask("eleven", 11)
    assert desk.entered == ["one"]
    await desk.leave("one")
    assert desk.entered == ["one", "eleven"]


async def test_nothing_is_kept_of_those_that_left_or_were_cancelled(desk: Desk) -> None:
    await desk.ask("ten", 10)
    await desk.ask("cancelled", 5)
    await desk.ask("next", 5)
    await desk.cancel("cancelled")
    await desk.cancel("ten")
    assert desk.entered == ["ten", "next"]
    await desk.leave("next")
    assert len(desk.allotments) == 0
