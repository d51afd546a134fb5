"""Asks a model for a reply, and yields it as it arrives.

    async with ReplyModel.from_name("openai:gpt-5", timeout_seconds=300) as model:
        async with aclosing(model.reply_to([Turn("user", "How do tides work?")])) as events:
            async for event in events:
                ...

`Text` and `Reasoning` come as the provider sends them. `Waiting` comes before the first of them, while a request that
failed waits to be repeated. `Finished` comes last, if the provider ended the reply. Everything else raises a
`ProducerError`. Leaving the block or being cancelled closes the provider's request.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, closing
from types import TracebackType
from typing import Any, Self, cast

import httpx2
import structlog
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from api.replies.dialects import Report
from api.replies.failures import is_transient, reply_error, retry_after
from api.replies.idle_timeout import IdleTimeout
from api.replies.prompt import Turn, as_messages
from api.replies.providers import find_model
from api.replies.response import Event, Finished, Response, Waiting
from api.replies.tags import Reasoning, Text
from api.replies.wire import REPORT
from api.streaming.errors import ProducerError

__all__ = ["Event", "Finished", "Reasoning", "ReplyModel", "Text", "Turn", "Waiting"]

log = structlog.get_logger(__name__)

RETRY_WAITS_SECONDS = (0.5, 2.0)
"""Average waits before the retries of a transient failure before the first token, if the provider names no time. They
are short, because a participant is waiting, and vary by half, so that many replies do not return at the same moment.
The SDKs' own retries are off: they would show no activity."""

MOST_RETRIES = 10
"""How often a reply follows a Retry-After."""


class ReplyModel:
    """A model that writes replies. Leaving its block closes the connections to its provider."""

    def __init__(
        self,
        name: str,
        model: Model[Any],
        *,
        timeout_seconds: float,
        closing_only: bool = False,
        http: httpx2.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._model = model
        self._timeout_seconds = timeout_seconds
        self._closing_only = closing_only
        self._http = http
        self._sleep = sleep
        self._chance = chance
        # The SDK's own timeout, ten minutes or less, would end a silence that ours allows.
        settings = {"max_retries": 0, "timeout": timeout_seconds}
        supported = {key: value for key, value in settings.items() if key not in model.unsupported_settings}
        self._settings = cast(ModelSettings, supported)

    @classmethod
    def from_name(cls, name: str, *, timeout_seconds: float, **options: Any) -> Self:
        """The model for `scripted`, `scripted?rate=0&…`, or a name that pydantic-ai knows. Raises SettingsError."""
        found = find_model(name)
        return cls(
            name.partition("?")[0],
            found.model,
            timeout_seconds=timeout_seconds,
            closing_only=found.closing_only,
            http=found.http,
            **options,
        )

    async def __aenter__(self) -> Self:
        await self._model.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._model.__aexit__(kind, error, traceback)
        finally:
            if self._http is not None:
                await self._http.aclose()

    async def reply_to(self, history: Sequence[Turn], text: str = "") -> AsyncGenerator[Event]:
        """The events of a reply, or of the rest of a reply that has this text.

        Read them inside `aclosing`: if the generator is dropped, the request stays open.
        """
        messages = as_messages(history, text)
        has_begun = False
        waits = _Waits(self._chance)
        with closing(IdleTimeout(self._timeout_seconds)) as idle:
            while True:
                failed: Exception
                ended = None
                try:
                    async with aclosing(self._request(messages, text, idle)) as events:
                        async for event in events:
                            if isinstance(event, Finished) and event.failure is not None:
                                ended, failed = event, event.failure
                                break
                            has_begun = True
                            yield event
                        else:
                            return
                except ProducerError:
                    raise
                except Exception as error:  # SDKs raise errors of many classes
                    failed = error
                may_succeed = ended.is_transient if ended is not None else is_transient(failed)
                wait = waits.next(failed) if may_succeed and not has_begun else None
                if wait is None or wait > idle.remaining:
                    if ended is not None:
                        yield ended
                        raise failed
                    raise reply_error(failed, idle_seconds=self._timeout_seconds) from failed
                async with aclosing(self._wait(wait)) as moments:
                    async for moment in moments:
                        yield moment

    async def _wait(self, seconds: float) -> AsyncGenerator[Waiting]:
        """Wait, and show once a second how much longer."""
        shown = max(1, int(seconds))
        pause = seconds - (shown - 1)
        for left in range(shown, 0, -1):
            yield Waiting(left)
            await self._sleep(pause)
            pause = 1.0
        yield Waiting(0)

    async def _request(self, messages: list[ModelMessage], text: str, idle: IdleTimeout) -> AsyncGenerator[Event]:
        report = Report()
        REPORT.set(report)
        async with AsyncExitStack() as request:
            with idle:
                opening = model_request_stream(self._model, messages, model_settings=self._settings)
                stream = await request.enter_async_context(opening)
            response = Response(stream, report, text, closing_only=self._closing_only)
            parts = aiter(stream)
            while True:
                try:
                    with idle:
                        part = await anext(parts, None)
                except Exception as error:
                    if not report.ended:
                        raise
                    # The provider had ended the reply before. Whatever failed after that fails nothing.
                    log.warning("provider's response failed after its end", error=repr(error))
                    break
                if part is None:
                    break
                idle.renew()
                for event in response.read(part):
                    yield event
            for last in response.finish():
                yield last


class _Waits:
    """The waits before the retries of one reply."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._own = iter(RETRY_WAITS_SECONDS)
        self._asked = 0

    def next(self, error: Exception) -> float | None:
        """Seconds until the next request: what the provider asks for, or else our own. None if it was tried enough."""
        asked = retry_after(error)
        if not asked:
            average = next(self._own, None)
            return None if average is None else average * (0.5 + self._chance())
        self._asked += 1
        return None if self._asked > MOST_RETRIES else asked + min(1.0, 0.1 * asked) * self._chance()
