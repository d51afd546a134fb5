"""Asks a model for a reply, and yields it as it arrives.

    async with ReplyModel.from_name("openai:gpt-5", timeout_seconds=300) as model:
        async with aclosing(model.reply_to([Turn("user", "How do tides work?")])) as events:
            async for event in events:
                ...

`Text` and `Reasoning` come as the provider sends them. `Finished` comes last, and only if the provider sent a finish
reason. Everything else raises a `ProducerError`. Leaving the block or being cancelled closes the provider's request.
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

from api.replies.failures import is_transient, reply_error
from api.replies.idle_timeout import IdleTimeout
from api.replies.prompt import Event, Finished, Reasoning, Response, Text, Turn, as_messages
from api.replies.providers import model_named
from api.streaming.errors import ProducerError

__all__ = ["Event", "Finished", "Reasoning", "ReplyModel", "Text", "Turn"]

RETRY_WAITS_SECONDS = (0.5, 2.0)
"""Waits before the retries of a transient failure (429, 5xx, no connection) before the first token. They are short,
because a participant is waiting. The SDKs' own retries are off: they would follow a Retry-After of two minutes."""


class ReplyModel:
    """A model that writes replies. Leaving its block closes the connections to its provider."""

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
        # The SDK's own timeout, ten minutes or less, would end a silence that ours allows.
        settings = {"max_retries": 0, "timeout": timeout_seconds}
        supported = {key: value for key, value in settings.items() if key not in model.unsupported_settings}
        self._settings = cast(ModelSettings, supported)

    @classmethod
    def from_name(cls, name: str, *, timeout_seconds: float) -> Self:
        """The model for `scripted`, `scripted?rate=0&…`, or a name that pydantic-ai knows. Raises SettingsError."""
        return cls(name.partition("?")[0], model_named(name), timeout_seconds=timeout_seconds)

    async def __aenter__(self) -> Self:
        await self._model.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._model.__aexit__(kind, error, traceback)

    async def reply_to(self, history: Sequence[Turn]) -> AsyncGenerator[Event]:
        """The events of a reply. Read them inside `aclosing`: if the generator is dropped, the request stays open."""
        messages = as_messages(history)
        waits = iter(RETRY_WAITS_SECONDS)
        has_begun = False
        with closing(IdleTimeout(self._timeout_seconds)) as idle:
            while True:
                try:
                    async with aclosing(self._request(messages, idle)) as events:
                        async for event in events:
                            has_begun = True
                            yield event
                    return
                except ProducerError:
                    raise
                except Exception as error:  # SDKs raise errors of many classes
                    wait = None if has_begun or not is_transient(error) else next(waits, None)
                    if wait is None or wait > idle.remaining:
                        raise reply_error(error, idle_seconds=self._timeout_seconds) from error
                await self._sleep(wait)

    async def _request(self, messages: list[ModelMessage], idle: IdleTimeout) -> AsyncGenerator[Event]:
        async with AsyncExitStack() as request:
            with idle:
                opening = model_request_stream(self._model, messages, model_settings=self._settings)
                stream = await request.enter_async_context(opening)
            response = Response(stream)
            parts = aiter(stream)
            while True:
                with idle:
                    part = await anext(parts, None)
                if part is None:
                    break
                idle.renew()
                if event := response.read(part):
                    yield event
            for last in response.finish():
                yield last
