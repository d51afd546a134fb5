"""A model that needs neither key nor network. It is a pydantic-ai model, so everything after it works as usual.

    scripted?chars=15000&rate=300&think=0&fail_at=4000&stall_at=4000&length_at=4000

It writes `think` characters of reasoning and then `chars` characters of text, at `rate` characters per second (0: as
fast as they are read). After `fail_at` characters of text its provider fails; after `stall_at` it is silent for ever;
after `length_at` it reaches its limit of length. The same question gets the same reply.
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qsl

from pydantic_ai import RunContext
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ModelResponseStreamEvent, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from api.errors import SettingsError
from api.replies.prose import markdown, reasoning

MOST_CHARS = 10_000_000
"""Ten times the longest reply: enough to test that limit, and little enough for memory."""

MOST_RATE = 1_000_000

TOKEN = re.compile(r" ?\w{1,6}|\s+|[^\w\s]+")
"""Tokens of about four characters, like those of a tokenizer. Every character belongs to one."""


@dataclass(frozen=True, slots=True)
class Script:
    """The options of the model."""

    chars: int = 15_000
    rate: int = 300
    think: int = 0
    fail_at: int | None = None
    stall_at: int | None = None
    length_at: int | None = None

    @classmethod
    def from_options(cls, options: str) -> Self:
        """Parse options like `chars=15000&rate=300`. Raises SettingsError."""
        numbers: dict[str, int] = {}
        for option, value in parse_qsl(options, keep_blank_values=True):
            known = [field.name for field in fields(cls)]
            most = MOST_RATE if option == "rate" else MOST_CHARS
            if option not in known:
                raise SettingsError(
                    f"TWOTRACK_MODEL: scripted has no option {option!r}. Its options are {', '.join(known)}."
                )
            if not re.fullmatch(r"[0-9]{1,8}", value) or int(value) > most:
                raise SettingsError(f"TWOTRACK_MODEL: {option}={value} must be a whole number from 0 to {most}.")
            numbers[option] = int(value)
        return cls(**numbers)

    @property
    def breaks_at(self) -> int | None:
        """The number of characters of text after which one of these happens; None if it completes."""
        places = (self.fail_at, self.stall_at, self.length_at)
        return min((at for at in places if at is not None and at <= self.chars), default=None)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time that the rate is measured by. Tests have clocks of their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class ScriptedModel(Model[None]):
    """A model that writes by a script."""

    def __init__(self, script: Script = Script(), clock: Clock = Clock()) -> None:
        super().__init__()
        self._script = script
        self._clock = clock

    @property
    def model_name(self) -> str:
        return "scripted"

    @property
    def system(self) -> str:
        return "scripted"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        async with self.request_stream(messages, model_settings, model_request_parameters) as stream:
            async for _ in stream:
                pass
            return stream.get()

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        yield ScriptedStream(model_request_parameters, self._script, self._clock, messages)


@dataclass
class ScriptedStream(StreamedResponse):
    """One response of the model."""

    script: Script
    clock: Clock
    history: Sequence[ModelMessage]
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        prompts = list(_prompts(self.history))
        question = prompts[-1] if prompts else ""
        self._usage = RequestUsage(input_tokens=sum(len(TOKEN.findall(prompt)) for prompt in prompts))
        parts = self._parts_manager
        async for token in self._at_rate(_tokens([reasoning(question, self.script.think)])):
            for event in parts.handle_thinking_delta(vendor_part_id="reasoning", content=token):
                yield event
        text = _tokens(markdown(question, self.script.chars))
        async for token in self._at_rate(_until(self.script.breaks_at, text)):
            for event in parts.handle_text_delta(vendor_part_id="text", content=token):
                yield event
        if self.script.breaks_at is not None:
            await self._break()
        self.finish_reason = "stop" if self.script.breaks_at is None else "length"

    async def _at_rate(self, tokens: Iterable[str]) -> AsyncGenerator[str]:
        """Yields each token when it is due. One that is late, as on a busy machine, does not delay the next ones."""
        due = self.clock.now()
        for token in tokens:
            if self.script.rate:
                due += len(token) / self.script.rate
            await self.clock.sleep(max(0.0, due - self.clock.now()))
            self._usage.output_tokens += 1
            yield token

    async def _break(self) -> None:
        if self.script.breaks_at == self.script.fail_at:
            raise ModelAPIError(self.model_name, "failed as scripted")
        if self.script.breaks_at == self.script.stall_at:
            await asyncio.Event().wait()

    @property
    def model_name(self) -> str:
        return "scripted"

    @property
    def provider_name(self) -> str:
        return "scripted"

    @property
    def provider_url(self) -> None:
        return None

    @property
    def timestamp(self) -> datetime:
        return self.started_at


def _prompts(history: Iterable[ModelMessage]) -> Iterator[str]:
    for message in history:
        if isinstance(message, ModelRequest):
            for part in message.parts:
                if isinstance(part, UserPromptPart) and isinstance(part.content, str):
                    yield part.content


def _tokens(blocks: Iterable[str]) -> Iterator[str]:
    for block in blocks:
        yield from TOKEN.findall(block)


def _until(chars: int | None, tokens: Iterator[str]) -> Iterator[str]:
    """The tokens of the first `chars` characters, the last one cut to fit; all of them if `chars` is None."""
    left = chars
    for token in tokens:
        if left is not None and len(token) >= left:
            if left:
                yield token[:left]
            return
        yield token
        left = None if left is None else left - len(token)
