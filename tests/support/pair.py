"""Two servers in this test's own process, on real services: for faults that have to happen at one exact moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.backends import Backend
from tests.support.deployment import Deployment
from tests.support.server import Running, serving


class Pair(Deployment):
    def __init__(self, database_url: str, one: Running, other: Running) -> None:
        super().__init__(database_url)
        self.one = one
        self.other = other

    @property
    def ports(self) -> list[int]:
        return [self.one.port, self.other.port]


@asynccontextmanager
async def serving_twice(backend: Backend, *, replies: bool = False, **settings: Any) -> AsyncIterator[Pair]:
    """The first of the two writes the replies, if anybody does."""
    chosen = backend.settings(**settings)
    async with serving(chosen, replies=replies) as one, serving(chosen) as other:
        yield Pair(backend.database_url, one, other)
