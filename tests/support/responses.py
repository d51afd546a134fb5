"""Subscriptions over HTTP, read as clients read them: server-sent events, and Apollo's multipart.

async with following(ann, SSE, STREAM, id=message) as stream:
    first = await stream.next()
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.support.operations import Refused
from tests.support.people import Person
from tests.support.until import PATIENCE_SECONDS

SSE = "text/event-stream"
MULTIPART = 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0", application/json'

BOUNDARY = b"\r\n--graphql"


class Following:
    """One subscription in one long response."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        multipart = response.headers["content-type"].startswith("multipart/mixed")
        self._payloads = _parts(response.aiter_raw()) if multipart else _events(response.aiter_raw())

    async def payload(self) -> dict[str, Any] | None:
        """The next payload; None after `complete`. Raises EOFError when the response ends without one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                return await anext(self._payloads)
            except StopAsyncIteration:
                raise EOFError("the response ended without `complete`") from None

    async def next(self) -> dict[str, Any]:
        """The next frame's object. Raises Refused for errors."""
        payload = await self.payload()
        assert payload is not None, "it is complete"
        if payload.get("errors"):
            raise Refused(payload["errors"])
        value: dict[str, Any]
        (value,) = payload["data"].values()
        return value

    async def refusal(self) -> dict[str, Any]:
        """The one error that ends this: `data: null` with it, then `complete`."""
        payload = await self.payload()
        assert payload is not None
        assert payload["data"] is None, payload
        (error,) = payload["errors"]
        assert await self.payload() is None
        return dict(error)

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """The first frame that has these values."""
        while True:
            frame = await self.next()
            if all(frame.get(name) == value for name, value in wanted.items()):
                return frame

    async def rest(self) -> list[dict[str, Any]]:
        """All frames until `complete`."""
        frames = []
        while (payload := await self.payload()) is not None:
            assert not payload.get("errors"), payload
            frames.extend(payload["data"].values())
        return frames


@asynccontextmanager
async def following(person: Person, accept: str, query: str, /, **variables: Any) -> AsyncIterator[Following]:
    """Subscribe by POST."""
    headers = {"accept": accept, **({"authorization": f"Bearer {person.token}"} if person.token else {})}
    body = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(timeout=PATIENCE_SECONDS, verify=False) as client,
        client.stream("POST", f"http://127.0.0.1:{person.port}/graphql", json=body, headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(accept.partition(";")[0])
        yield Following(response)


async def _events(pieces: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any] | None]:
    """Each event is whole at the empty line after it."""
    async for event in _split(pieces, b"\n\n"):
        lines = [line.partition(b":")[::2] for line in event.split(b"\n")]
        fields = {name: value.removeprefix(b" ") for name, value in lines if name}
        if fields.get(b"event") == b"next":
            yield json.loads(fields[b"data"])
        elif fields.get(b"event") == b"complete":
            yield None
        else:
            assert not fields, event  # a comment: the heartbeat


async def _parts(pieces: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any] | None]:
    """Each part is whole at the boundary after it, which is all that Apollo goes by."""
    parts = _split(pieces, BOUNDARY)
    assert await anext(parts) == b""
    async for part in parts:
        if part == b"--\r\n":
            yield None
            continue
        head, _, body = part.partition(b"\r\n\r\n")
        assert head == b"\r\nContent-Type: application/json"
        if "payload" in (said := json.loads(body)):
            yield said["payload"]
        else:
            assert said == {}  # the heartbeat


async def _split(pieces: AsyncIterator[bytes], end: bytes) -> AsyncIterator[bytes]:
    buffer = b""
    async for piece in pieces:
        *whole, buffer = (buffer + piece).split(end)
        for one in whole:
            yield one
    if buffer:
        yield buffer
