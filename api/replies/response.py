"""Reads a provider's response as events: text, reasoning, and how it ended."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic_ai.messages import (
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
)
from pydantic_ai.models import StreamedResponse

from api.chats.finish_reasons import FinishReason, finish_reason
from api.replies.dialects import Report
from api.replies.endings import failure
from api.replies.errors import ProviderFailed
from api.replies.failures import INCOMPLETE
from api.replies.metadata import LONGEST_MODEL, LONGEST_REASON, count, word
from api.replies.tags import Reasoning, TagReader, Text

NEW_PARAGRAPH = "\n\n"

SENTENCE_ENDS = (".", "!", "?", "…", ":")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The provider asked to wait, or has a problem. The request is repeated in `seconds`; 0 when it is repeated."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Why the model stopped, in our word and in the provider's, with the tokens and the model as far as they are known.

    `failure` is the error of a reply that ended and is not complete.
    """

    reason: FinishReason
    input_tokens: int | None
    output_tokens: int | None
    model: str | None
    provider_reason: str | None = None
    failure: ProviderFailed | None = field(default=None, compare=False)

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.reason is FinishReason.ERROR


Event = Text | Reasoning | Waiting | Finished


class Response:
    """Joins the parts of a provider's response into one text and one reasoning.

    `text` is what the reply has already, if it is continued.
    """

    def __init__(self, stream: StreamedResponse, report: Report, text: str, *, closing_only: bool = False) -> None:
        self._stream = stream
        self._report = report
        self._tags = TagReader(closing_only=closing_only)
        self._text_end = ""
        """The last character of the text."""
        self._has_words = bool(text)
        self._has_reasoning = False
        self._interrupted = False
        """Whether reasoning came after the text, so that the text goes on in another part."""
        self._reasoning_gap = ""

    def read(self, event: ModelResponseStreamEvent) -> Iterator[Text | Reasoning]:
        """The new text in an event. The first text of a part comes with its start, not as a delta."""
        match event:
            case PartDeltaEvent(delta=TextPartDelta(content_delta=delta)) if delta:
                yield from self._joined(self._tags.read(delta))
            case PartStartEvent(part=TextPart(content=delta)) if delta:
                yield from self._joined(self._tags.read(delta))
            case PartDeltaEvent(delta=ThinkingPartDelta(content_delta=delta)) if delta:
                yield self._reasoning(delta)
            case PartStartEvent(part=ThinkingPart(content=delta)):
                if self._has_reasoning:
                    self._reasoning_gap = NEW_PARAGRAPH
                if delta:
                    yield self._reasoning(delta)

    def finish(self) -> Iterator[Event]:
        """The last events. Raises ProviderFailed if something cut the response off before its end."""
        provider_reason = self._provider_reason()
        details = self._stream.provider_details or {}
        reason = finish_reason(provider_reason)
        yield from self._joined(self._tags.finish(complete=reason is FinishReason.STOP))
        refusal = details.get("refusal")
        if isinstance(refusal, str) and refusal:
            reason = FinishReason.CONTENT_FILTER
            yield from self._joined(iter([Text(refusal)] if not self._has_words else []))
        asked, written = self._tokens()
        yield Finished(
            reason,
            asked,
            written,
            self._model(),
            provider_reason,
            failure(reason, has_text=self._has_words),
        )

    def _provider_reason(self) -> str | None:
        if self._report.seen:
            if not self._report.ended:
                raise ProviderFailed(INCOMPLETE)
            return self._report.word
        details = self._stream.provider_details or {}
        reason = word(details.get("finish_reason") or self._stream.finish_reason, LONGEST_REASON)
        if reason is None:
            raise ProviderFailed(INCOMPLETE)
        return reason

    def _model(self) -> str | None:
        return self._report.model if self._report.seen else word(self._stream.model_name, LONGEST_MODEL)

    def _tokens(self) -> tuple[int | None, int | None]:
        if self._report.seen:
            return self._report.usage.tokens
        usage = self._stream.usage
        return (count(usage.input_tokens), count(usage.output_tokens)) if usage.has_values() else (None, None)

    def _joined(self, pieces: Iterator[Text | Reasoning]) -> Iterator[Text | Reasoning]:
        for piece in pieces:
            yield self._reasoning(piece.delta) if isinstance(piece, Reasoning) else self._text(piece.delta)

    def _text(self, delta: str) -> Text:
        # Reasoning may arrive within a sentence, or within a word. Only a text that begins anew becomes a paragraph.
        if self._interrupted and self._text_end in SENTENCE_ENDS and delta[0].isupper():
            delta = NEW_PARAGRAPH + delta
        self._interrupted, self._text_end = False, delta[-1]
        self._has_words = self._has_words or not delta.isspace()
        return Text(delta)

    def _reasoning(self, delta: str) -> Reasoning:
        delta, self._reasoning_gap, self._has_reasoning = self._reasoning_gap + delta, "", True
        self._interrupted = bool(self._text_end)
        return Reasoning(delta)
