"""Converts the history of a chat into pydantic-ai's messages, and the parts of a response into events."""

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
from api.replies.failures import INCOMPLETE

SEVERAL_AUTHORS = (
    "Several people write in this chat. Each of their messages begins with its author's name and a colon. "
    "Do not begin yours with a name."
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the history. `name` is the name of its author."""

    role: Literal["user", "assistant"]
    content: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the reply's text."""

    delta: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's reasoning."""

    delta: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The finish reason ("stop", "length", "content_filter", …), the tokens and the model, as far as they are known."""

    reason: str
    input_tokens: int | None
    output_tokens: int | None
    model: str | None


Event = Text | Reasoning | Finished


def as_messages(history: Sequence[Turn]) -> list[ModelMessage]:
    """The history as a prompt. Raises ProviderFailed if it has no message of a user.

    Turns of one role in a row become one message, because some providers require roles to alternate. If several users
    write, each of their turns starts with the author's name.
    """
    turns = [turn for turn in history if turn.content.strip()]  # a reply that failed before its first token is empty
    if not any(turn.role == "user" for turn in turns):
        raise ProviderFailed("There is no message to reply to. Send a message first.")
    several = len({turn.name for turn in turns if turn.role == "user"}) > 1
    messages: list[ModelMessage] = []
    for role, group in groupby(turns, key=lambda turn: turn.role):
        if role == "assistant":
            messages.append(ModelResponse([TextPart(turn.content) for turn in group]))
        else:
            parts = [UserPromptPart(_with_name(turn) if several else turn.content) for turn in group]
            messages.append(ModelRequest(parts, instructions=SEVERAL_AUTHORS if several else None))
    return messages


def _with_name(turn: Turn) -> str:
    # A user whose name contains a line break could otherwise write a line that seems to be another user's.
    name = " ".join((turn.name or "").split())
    return f"{name}: {turn.content}" if name else turn.content


class Response:
    """Joins the parts of a provider's response into one text and one reasoning."""

    def __init__(self, stream: StreamedResponse) -> None:
        self._stream = stream
        self._has_text = self._has_reasoning = False
        self._text_gap = self._reasoning_gap = ""

    def read(self, event: ModelResponseStreamEvent) -> Text | Reasoning | None:
        """The new text in an event. The first text of a part comes with its start, not as a delta."""
        match event:
            case PartDeltaEvent(delta=TextPartDelta(content_delta=delta)):
                return self._text(delta)
            case PartDeltaEvent(delta=ThinkingPartDelta(content_delta=delta)):
                return self._reasoning(delta)
            case PartStartEvent(part=TextPart(content=delta), previous_part_kind=previous):
                if self._has_text and previous != "text":
                    self._text_gap = "\n\n"
                return self._text(delta)
            case PartStartEvent(part=ThinkingPart(content=delta)):
                if self._has_reasoning:
                    self._reasoning_gap = "\n\n"
                return self._reasoning(delta)
            case _:
                return None

    def finish(self) -> Iterator[Text | Finished]:
        """The last events. Raises ProviderFailed without a finish reason: then something cut the stream off."""
        details = self._stream.provider_details or {}
        reason = self._stream.finish_reason or details.get("finish_reason")
        if not reason or reason == "error":
            raise ProviderFailed(INCOMPLETE)
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

    def _text(self, delta: str) -> Text | None:
        if not delta:
            return None
        delta, self._text_gap, self._has_text = self._text_gap + delta, "", True
        return Text(delta)

    def _reasoning(self, delta: str | None) -> Reasoning | None:
        if not delta:
            return None
        delta, self._reasoning_gap, self._has_reasoning = self._reasoning_gap + delta, "", True
        return Reasoning(delta)
