"""Handshakes begin a few at a time, wait in order, and are refused beyond that: counted, without a clock."""

import asyncio
from collections.abc import Callable

import pytest

from api.graphql.transport import admission
from api.graphql.transport.admission import BEGUN_IN_A_TURN, WAITING_FACTOR, Admission
from tests.support.until import until


class Gate:
    """An admission, and what became of the handshakes that arrived."""

    def __init__(self, at_once: int) -> None:
        self.begun: list[int] = []
        self.refused: list[int] = []
        self.counted = 0
        self.admission = Admission(at_once, self._count)

    def _count(self) -> None:
        self.counted += 1

    def arrive(self, count: int) -> "list[Arriving]":
        first = len(self.begun) + len(self.refused) + len(self.admission._waiting)
        arrived = [Arriving(self, number) for number in range(first, first + count)]
        for handshake in arrived:
            self.admission.arrive(handshake)
        return arrived


class Arriving:
    def __init__(self, gate: Gate, number: int) -> None:
        self._gate, self._number = gate, number

    def begin(self) -> None:
        self._gate.begun.append(self._number)

    def refuse(self) -> None:
        self._gate.refused.append(self._number)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_few_begin_in_each_turn_of_the_loop() -> None:
    gate = Gate(at_once=100)
    gate.arrive(20)
    assert gate.begun == list(range(BEGUN_IN_A_TURN))
    await turns(1)
    assert gate.begun == list(range(2 * BEGUN_IN_A_TURN))
    await turns(4)
    assert gate.begun == list(range(20))
    assert gate.refused == []


async def test_no_more_are_under_way_than_allowed_and_each_that_ends_lets_the_next_begin() -> None:
    gate = Gate(at_once=6)
    gate.arrive(10)
    await turns(5)
    assert gate.begun == list(range(6))
    gate.admission.ended()
    assert gate.begun == list(range(7))
    with gate.admission.working():
        gate.admission.ended()
        assert gate.begun == list(range(7))
    assert gate.begun == list(range(8))


async def test_beyond_those_that_may_wait_they_are_refused_and_counted() -> None:
    gate = Gate(at_once=1)
    gate.arrive(1 + WAITING_FACTOR + 3)
    assert gate.refused == [11, 12, 13]
    assert gate.counted == 3
    await turns(5)
    assert gate.begun == [0]


async def test_a_client_that_leaves_gives_up_its_place() -> None:
    gate = Gate(at_once=1)
    first, second, _ = gate.arrive(3)
    gate.admission.leave(second)
    gate.admission.leave(first)  # it does not wait any more
    await turns(1)
    gate.admission.ended()
    assert gate.begun == [0, 2]


@pytest.mark.parametrize("wake", [lambda gate: gate.admission.ended(), lambda gate: gate.admission._expire()])
async def test_whoever_waited_for_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch, wake: Callable[[Gate], None]
) -> None:
    gate = Gate(at_once=1)
    gate.arrive(3)
    await turns(1)
    monkeypatch.setattr(admission, "WAIT_SECONDS", 0.0)
    wake(gate)
    assert gate.begun == [0]
    assert gate.refused == [1, 2]
    monkeypatch.undo()
    gate.arrive(1)
    assert len(gate.begun) + len(gate.admission._waiting) == 2


async def test_the_oldest_is_refused_in_time_though_nothing_else_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "WAIT_SECONDS", 0.01)
    gate = Gate(at_once=1)
    gate.arrive(3)
    await until(lambda: gate.refused == [1, 2])
    assert gate.begun == [0]
