"""The benchmark's readers notice what is wrong, so that no speed is bought with it."""

from typing import Any

import orjson
import pytest

from bench.load import Load
from bench.publishing import now, snapshot
from bench.story import Story, Unfaithful

LOAD = Load(updates=3, chars=3_000)
WHOLE = "x" * LOAD.chars


def row(update: int, **changes: Any) -> dict[str, Any]:
    return {**snapshot(LOAD, 0, update, WHOLE), "updatedAt": now(), **changes}


def frame(values: dict[str, Any], operation: str = "one") -> bytes:
    return orjson.dumps({"id": operation, "type": "next", "payload": {"data": {"messageStream": values}}})


def test_what_one_reader_was_shown_is_recognised_at_the_next() -> None:
    story, first = Story(), row(1)
    learnt = story.learn(frame(first), b"one")
    text = frame(first, "two")
    assert story.recognise(b"..." + text, 3, 3 + len(text), b"two", 0) is learnt


def test_a_newer_revision_than_the_next_is_recognised_too() -> None:
    story, third = Story(), row(3)
    learnt = story.learn(frame(third), b"one")
    text = frame(third)
    assert story.recognise(text, 0, len(text), b"one", 1) is learnt


@pytest.mark.parametrize("wrong", [{"content": "y" * 1_000}, {"updatedAt": "2026-01-01T00:00:00.000000Z"}])
def test_the_same_revision_must_read_the_same_to_everybody(wrong: dict[str, Any]) -> None:
    story = Story()
    story.learn(frame(row(1)), b"one")
    text = frame(row(1, **wrong))
    assert story.recognise(text, 0, len(text), b"one", 0) is None
    with pytest.raises(Unfaithful, match="reads otherwise"):
        story.learn(text, b"one")


def test_an_update_for_somebody_else_is_not_taken() -> None:
    story = Story()
    with pytest.raises(Unfaithful, match="not an answer"):
        story.learn(frame(row(1), "two"), b"one")


def test_versions_that_lead_up_to_the_row_are_sound() -> None:
    story = Story()
    for update in (1, 2, 3):
        story.learn(frame(row(update)), b"one")
    story.verify({name: value for name, value in row(3).items() if name != "updatedAt"})


@pytest.mark.parametrize("wrong", [{"content": WHOLE[:-1]}, {"status": "FAILED"}, {"revision": 4}])
def test_the_last_frame_must_be_the_row(wrong: dict[str, Any]) -> None:
    story = Story()
    story.learn(frame(row(3)), b"one")
    with pytest.raises(Unfaithful, match="not the row"):
        story.verify({name: value for name, value in row(3, **wrong).items() if name != "updatedAt"})


def test_a_text_that_the_row_never_had_is_noticed() -> None:
    story = Story()
    story.learn(frame(row(2, content="something else")), b"one")
    story.learn(frame(row(3)), b"one")
    with pytest.raises(Unfaithful, match="does not lead up"):
        story.verify({name: value for name, value in row(3).items() if name != "updatedAt"})
