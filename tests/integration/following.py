"""A subscription by any transport, so that one test holds them all to the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from tests.support.people import Person
from tests.support.responses import MULTIPART, SSE, following

SOCKET = "socket"

TRANSPORTS = {"socket": SOCKET, "events": SSE, "multipart": MULTIPART}


class Stream(Protocol):
    """A subscription, frame by frame."""

    async def next(self) -> dict[str, Any]: ...
    async def until(self, **wanted: Any) -> dict[str, Any]: ...
    async def rest(self) -> list[dict[str, Any]]: ...
    async def refusal(self) -> dict[str, Any]: ...


@asynccontextmanager
async def subscribed(person: Person, transport: str, query: str, /, **variables: Any) -> AsyncIterator[Stream]:
    if transport != SOCKET:
        async with following(person, transport, query, **variables) as response:
            yield response
        return
    async with person.socket() as socket:
        yield await socket.subscribe(query, **variables)
