"""The pause between two batches of a producer finds the server's cadence, and finds it again after a slow answer."""

import pytest
from twotrack_producer.pace import LEAD_SECONDS, LONGEST_PAUSE_SECONDS, Pace

COMMIT_SECONDS = 0.02


def answers(pace: Pace, cadence: float, count: int) -> list[float]:
    """How long so many batches wait, if the server's updates are `cadence` seconds apart."""
    waits = []
    for _ in range(count):
        waits.append(max(0.0, cadence - pace.pause) + COMMIT_SECONDS)
        pace.answered(waits[-1])
    return waits


@pytest.mark.parametrize("cadence", [0.2, 0.35, 1.0, 1.9])
def test_batches_are_sent_shortly_before_the_update(cadence: float) -> None:
    waits = answers(Pace(), cadence, 20)
    assert all(wait < 2 * LEAD_SECONDS for wait in waits[10:])


@pytest.mark.parametrize("slow", [1.0, 5.0, 60.0])
def test_a_slow_answer_is_made_up_for_within_a_few_updates(slow: float) -> None:
    pace = Pace()
    answers(pace, 0.35, 10)
    pace.answered(slow)
    assert pace.pause <= LONGEST_PAUSE_SECONDS
    answers(pace, 0.35, 4)
    assert pace.pause < 0.35


def test_a_server_that_answers_at_once_is_never_waited_for() -> None:
    pace = Pace()
    answers(pace, 0.0, 10)
    assert pace.pause == 0
