"""A Twotrack server, as its API clients see it: GraphQL operations, repeated until they are answered.

An operation that is repeated may be executed twice. So it must be a query, or a mutation that a repeat does not change,
such as one with an idempotency key.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from twotrack_producer.errors import Refused, Unreachable

PATIENCE_SECONDS = 120.0

REQUEST_SECONDS = 30.0
"""For one request. An append to a long text is answered after two seconds."""

SILENCE_SECONDS = 60.0
"""A server sends something on a stream at least this often."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0

SYNC = "subscription ($ids: [ID!]!) { sync(ids: $ids) { id revision deleted } }"


class Server:
    """The server at this URL, which ends with `/graphql`. Use it in an `async with`.

    `token` is an API token. `patience` is how many seconds an operation is repeated without an answer before it raises
    Unreachable. `client` replaces the HTTP client, for example to trust another authority.
    """

    def __init__(
        self, url: str, token: str, *, patience: float = PATIENCE_SECONDS, client: httpx.AsyncClient | None = None
    ) -> None:
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"}
        self._patience = patience
        self._client = client or httpx.AsyncClient(timeout=REQUEST_SECONDS)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def execute(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation. Raises Refused and Unreachable."""
        failures, give_up_at = 0, time.monotonic() + self._patience
        while True:
            pause, reason = None, ""
            try:
                body = {"query": document, "variables": variables}
                response = await self._client.post(self._url, json=body, headers=self._headers)
                answer = _answer(response)
                if answer is None:
                    reason, pause = f"HTTP {response.status_code}", _seconds(response.headers.get("retry-after"))
                elif not answer.get("errors"):
                    data: dict[str, Any] = answer["data"]
                    return data
                else:
                    error = answer["errors"][0]
                    extensions = error.get("extensions") or {}
                    if extensions.get("code") not in ("RATE_LIMITED", "INTERNAL"):
                        raise Refused(error["message"], extensions)
                    reason, pause = error["message"], extensions.get("retryAfter")
            except httpx.TransportError as error:
                reason = repr(error)
            if pause is not None:
                give_up_at += pause  # the server answers; it only asks to wait
            elif time.monotonic() > give_up_at:
                raise Unreachable(f"{self._url} did not answer for {self._patience:g} seconds: {reason}")
            await asyncio.sleep(pause if pause is not None else _backoff(failures))
            failures += 1

    async def changes(self, ids: Sequence[str]) -> AsyncGenerator[dict[str, Any], None]:
        """The events of `sync` for these ids, for ever: `{ id revision deleted }`.

        After each lost connection it subscribes again, which gives one event for each id first. Raises Refused.
        """
        failures = 0
        while True:
            try:
                async for event in self._events(ids):
                    failures = 0
                    yield event
            except httpx.TransportError:
                pass
            await asyncio.sleep(_backoff(failures))
            failures += 1

    async def _events(self, ids: Sequence[str]) -> AsyncGenerator[dict[str, Any], None]:
        headers = {**self._headers, "accept": "text/event-stream"}
        timeout = httpx.Timeout(REQUEST_SECONDS, read=SILENCE_SECONDS)
        body = {"query": SYNC, "variables": {"ids": list(ids)}}
        async with self._client.stream("POST", self._url, json=body, headers=headers, timeout=timeout) as response:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                await response.aread()
                _raise_refusal(_answer(response) or {})
                return
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    answer = json.loads(line.removeprefix("data: "))
                    _raise_refusal(answer)
                    if answer.get("data"):
                        yield answer["data"]["sync"]


def _raise_refusal(answer: dict[str, Any]) -> None:
    for error in answer.get("errors") or ():
        extensions = error.get("extensions") or {}
        if extensions.get("code") not in ("RATE_LIMITED", "INTERNAL"):
            raise Refused(error["message"], extensions)


def _answer(response: httpx.Response) -> dict[str, Any] | None:
    """The GraphQL answer. None if there is none, and the same request may get one later."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if isinstance(answer, dict) and ("data" in answer or "errors" in answer):
        return answer
    if response.status_code >= 500 or response.status_code in (408, 425, 429):
        return None
    raise Refused(f"The server answered HTTP {response.status_code}: {response.text[:200]}", {})


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after or ""))
    except ValueError:
        return None


def _backoff(failures: int) -> float:
    """A random pause, so that clients whose server went away do not all come back at the same moment."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 10))
    return random.uniform(longest / 4, longest)  # noqa: S311
