"""When a server stops, its sockets are closed in order and evenly: counted in steps of a clock that the test moves."""

import pytest

from api.graphql.transport.draining import CLOSED_PER_SECOND, close_evenly


class Clock:
    """Passes while the code under test sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Open:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.closed_at = 0.0

    def shutdown(self) -> None:
        assert not self.closed_at
        self.closed_at = self._clock.now - 100.0


@pytest.mark.parametrize(("count", "seconds", "takes"), [(4_000, 4.0, 4.0), (20, 4.0, 20 / CLOSED_PER_SECOND)])
async def test_sockets_are_closed_in_order_and_evenly(count: int, seconds: float, takes: float) -> None:
    clock = Clock()
    sockets = [Open(clock) for _ in range(count)]
    await close_evenly(sockets, seconds, sleep=clock.sleep, clock=clock)
    times = [socket.closed_at for socket in sockets]
    assert times == sorted(times)
    assert times[count // 2] == pytest.approx(takes / 2, abs=0.05)
    assert times[-1] == pytest.approx(takes, abs=0.05)


async def test_without_time_or_in_a_hurry_all_are_closed_at_once() -> None:
    clock = Clock()
    sockets = [Open(clock) for _ in range(1_000)]
    await close_evenly(sockets[:500], 0, sleep=clock.sleep, clock=clock)
    await close_evenly(sockets[500:], 60, is_hurried=lambda: clock.now > 101, sleep=clock.sleep, clock=clock)
    assert {socket.closed_at for socket in sockets[:500]} == {0.0}
    assert sockets[-1].closed_at == pytest.approx(1, abs=0.1)
