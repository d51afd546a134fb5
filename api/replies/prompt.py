"""What is said, in our words and in pydantic-ai's: turns go in as messages, parts come out as events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    UserPromptPart,
)
from pydantic_ai.models import StreamedResponse

from api.replies.errors import ProviderFailed
from api.replies.failures import BROKE_OFF

SEVERAL_AUTHORS = (
    "Several people write in this chat. Each of their messages begins with its author's name and a colon. "
    "Do not begin yours with a name."
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the history that a reply answers; `name` is its author's."""

    role: Literal["user", "assistant"]
    content: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    delta: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    delta: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Why the model ended ("stop", "length", "content_filter", …) and what its provider counted, where it says so."""

    reason: str
    input_tokens: int | None
    output_tokens: int | None
    model: str | None


Event = Text | Reasoning | Finished


def as_messages(history: Sequence[Turn]) -> list[ModelMessage]:
    """One message per change of speaker, as some providers insist on; authors are named where there are several."""
    said = [turn for turn in history if turn.content.strip()]  # a reply that failed before its first word is empty
    if not any(turn.role == "user" for turn in said):
        raise ProviderFailed("There is nothing left to answer. Send a message first.")
    several = len({turn.name for turn in said if turn.role == "user"}) > 1
    messages: list[ModelMessage] = []
    for role, turns in groupby(said, key=lambda turn: turn.role):
        if role == "assistant":
            messages.append(ModelResponse([TextPart(turn.content) for turn in turns]))
        else:
            parts = [UserPromptPart(_signed(turn) if several else turn.content) for turn in turns]
            messages.append(ModelRequest(parts, instructions=SEVERAL_AUTHORS if several else None))
    return messages


def _signed(turn: Turn) -> str:
    # A line break in a name would let its owner write a line in somebody else's.
    name = " ".join((turn.name or "").split())
    return f"{name}: {turn.content}" if name else turn.content


class Answer:
    """Reads a provider's parts as one text and one reasoning, as a page shows them."""

    def __init__(self, stream: StreamedResponse) -> None:
        self._stream = stream
        self._has_text = self._has_reasoning = False
        self._text_gap = self._reasoning_gap = ""

    def read(self, event: ModelResponseStreamEvent) -> Text | Reasoning | None:
        """What is new to read in an event: the first words of a part come with its start, not as a delta."""
        match event:
            case PartDeltaEvent(delta=TextPartDelta(content_delta=words)):
                return self._text(words)
            case PartDeltaEvent(delta=ThinkingPartDelta(content_delta=words)):
                return self._reasoning(words)
            case PartStartEvent(part=TextPart(content=words), previous_part_kind=previous):
                if self._has_text and previous != "text":
                    self._text_gap = "\n\n"
                return self._text(words)
            case PartStartEvent(part=ThinkingPart(content=words)):
                if self._has_reasoning:
                    self._reasoning_gap = "\n\n"
                return self._reasoning(words)
            case _:
                return None

    def last_words(self) -> Iterator[Text | Finished]:
        """A stream that ends without a reason was cut off somewhere on the way, however politely."""
        details = self._stream.provider_details or {}
        reason = self._stream.finish_reason or details.get("finish_reason")
        if not reason or reason == "error":
            raise ProviderFailed(BROKE_OFF)
        if not self._has_text and (refusal := details.get("refusal")):
            yield Text(str(refusal))
        usage = self._stream.usage
        counted = usage.has_values()
        yield Finished(
            reason=str(reason),
            input_tokens=usage.input_tokens if counted else None,
            output_tokens=usage.output_tokens if counted else None,
            model=self._stream.model_name or None,
        )

    def _text(self, words: str) -> Text | None:
        if not words:
            return None
        delta, self._text_gap, self._has_text = self._text_gap + words, "", True
        return Text(delta)

    def _reasoning(self, words: str | None) -> Reasoning | None:
        if not words:
            return None
        delta, self._reasoning_gap, self._has_reasoning = self._reasoning_gap + words, "", True
        return Reasoning(delta)
