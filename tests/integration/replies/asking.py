"""Asks a model for a reply through the real client libraries, without a server."""

from collections.abc import Sequence
from contextlib import aclosing

from api.replies.reply_model import Event, Finished, Reasoning, ReplyModel, Text, Turn

QUESTION = Turn("user", "How do tides work?")


class Waits:
    """Stands in for sleep, and remembers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def certain() -> float:
    """Stands in for chance: waits take their average time, or what the provider asks for and half of what is added."""
    return 0.5


async def ask(
    name: str,
    history: Sequence[Turn] = (QUESTION,),
    *,
    text: str = "",
    timeout_seconds: float = 30.0,
    waits: Waits | None = None,
    into: list[Event] | None = None,
) -> list[Event]:
    """The events of a reply."""
    events = [] if into is None else into
    async with (
        ReplyModel.from_name(name, timeout_seconds=timeout_seconds, sleep=waits or Waits(), chance=certain) as model,
        aclosing(model.reply_to(history, text)) as reply,
    ):
        async for event in reply:
            events.append(event)
    return events


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Text))


def reasoning_of(events: Sequence[Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Reasoning))


def end_of(events: Sequence[Event]) -> Finished:
    """How the reply ended."""
    last = events[-1]
    assert isinstance(last, Finished)
    return last
