"""Asks a model for a reply, and passes on what it says as it says it.

    async with ReplyModel.from_name("openai:gpt-5", timeout_seconds=300) as model:
        async with aclosing(model.reply_to([Turn("user", "How do tides work?")])) as events:
            async for event in events:
                ...

`Text` and `Reasoning` come as the provider sends them. `Finished` comes last, and only if the provider said that it
finished. Anything else ends in a `ProducerError`. Leaving, or being cancelled, closes the provider's request at once.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, closing
from types import TracebackType
from typing import Any, Self, cast

from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from api.replies.failures import as_reply_error, may_pass
from api.replies.idle_timeout import IdleTimeout
from api.replies.prompt import Answer, Event, Finished, Reasoning, Text, Turn, as_messages
from api.replies.providers import model_named
from api.streaming.errors import ProducerError

__all__ = ["Event", "Finished", "Reasoning", "ReplyModel", "Text", "Turn"]

RETRY_WAITS_SECONDS = (0.5, 2.0)
"""Before the first word, a failure that may pass (429, 5xx, no connection) is tried again: twice and briefly, as
somebody sits before an empty bubble. The SDKs' own retries are off, for they heed a Retry-After of two minutes."""


class ReplyModel:
    """A model that writes replies; leaving it closes the connections to its provider."""

    def __init__(
        self,
        name: str,
        model: Model[Any],
        *,
        timeout_seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = name
        self._model = model
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        # The SDK's own timeout, ten minutes or less, would cut off a silence that ours allows.
        settings = {"max_retries": 0, "timeout": timeout_seconds}
        heeded = {key: value for key, value in settings.items() if key not in model.unsupported_settings}
        self._settings = cast(ModelSettings, heeded)

    @classmethod
    def from_name(cls, name: str, *, timeout_seconds: float) -> Self:
        """`scripted`, `scripted?rate=0&…`, or a name that pydantic-ai knows; else a `SettingsError` says what to do."""
        return cls(name.partition("?")[0], model_named(name), timeout_seconds=timeout_seconds)

    async def __aenter__(self) -> Self:
        await self._model.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._model.__aexit__(kind, error, traceback)

    async def reply_to(self, history: Sequence[Turn]) -> AsyncGenerator[Event]:
        """Read it inside `aclosing`: a generator that is merely dropped keeps the provider writing."""
        messages = as_messages(history)
        waits = iter(RETRY_WAITS_SECONDS)
        spoke = False
        with closing(IdleTimeout(self._timeout_seconds)) as patience:
            while True:
                try:
                    async with aclosing(self._ask(messages, patience)) as events:
                        async for event in events:
                            spoke = True
                            yield event
                    return
                except ProducerError:
                    raise
                except Exception as error:  # SDKs raise what they like; whatever it is, this reply has failed
                    wait = None if spoke or not may_pass(error) else next(waits, None)
                    if wait is None or wait > patience.left:
                        raise as_reply_error(error, silence_seconds=self._timeout_seconds) from error
                await self._sleep(wait)

    async def _ask(self, messages: list[ModelMessage], patience: IdleTimeout) -> AsyncGenerator[Event]:
        async with AsyncExitStack() as request:
            with patience:
                opening = model_request_stream(self._model, messages, model_settings=self._settings)
                stream = await request.enter_async_context(opening)
            answer = Answer(stream)
            heard = aiter(stream)
            while True:
                with patience:
                    part = await anext(heard, None)
                if part is None:
                    break
                patience.renew()
                if said := answer.read(part):
                    yield said
            for last in answer.last_words():
                yield last
