"""Credentials: whether the session or API token of a request still lives, without a query each time.

A process reads a credential once, and then follows it: the bus brings the ids of those that ended, and a sweep asks the
database for what the bus lost. Whatever is open in the name of a credential watches it, and is closed when it ends.

A kind of credential has a prefix by which its tokens are known, a way to read one, and a query of those that live. To
add a kind, such as a link, pass another `Kind`.
"""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

import structlog
from sqlalchemy import Select

from api.accounts.sessions import bearer
from api.database import Database
from api.errors import Unauthenticated
from api.identity import Identity
from api.streaming import channels
from api.streaming.bus import Bus, ignoring_malformed
from api.streaming.publisher import Publisher
from api.streaming.store import unless_outage

log = structlog.get_logger(__name__)

IDLE_SECONDS = 60.0
"""How long a process remembers a credential that no request uses."""

ENDED_REMEMBERED = 10_000
"""Most ids of ended credentials that are kept, for requests that were reading the credential when it ended."""

IDS_PER_QUERY = 1_000

JITTER = 0.2

ENDED = "This session has ended, or its token was revoked. Sign in again."


class Kind(Protocol):
    """A kind of credential."""

    prefix: str
    """Its tokens begin with this. The kind with the empty prefix takes all others."""

    async def identify(self, token: str, known: Callable[[UUID], bool]) -> Identity:
        """The identity that a token proves. Raises Unauthenticated.

        `known` says whether a credential is followed already: then it lives, and need not be read.
        """

    def living(self, keys: Sequence[UUID]) -> Select[UUID]:
        """A query of the ids, out of these, of credentials that still live."""


@dataclass
class _Followed:
    kind: Kind
    used: float
    watchers: dict[int, Callable[[], None]] = field(default_factory=dict)


class Credentials:
    """The credentials of one process. Its lifetime is an `async with`; it sweeps every `patience` seconds, jittered."""

    def __init__(
        self, database: Database, bus: Bus, publisher: Publisher, kinds: Sequence[Kind], *, patience: float
    ) -> None:
        self._database = database
        self._bus = bus
        self._publisher = publisher
        self._kinds = sorted(kinds, key=lambda kind: len(kind.prefix), reverse=True)
        self._patience = patience
        self._followed: dict[UUID, _Followed] = {}
        self._ended: OrderedDict[UUID, None] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self._watches = 0

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._receive(), name="credentials: receive"),
            asyncio.create_task(self._sweep(), name="credentials: sweep"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def identify(self, authorization: str | None) -> Identity | None:
        """The identity in an `Authorization` value; None without a value. Raises Unauthenticated for a bad one.

        Runs one query for a credential that this process does not follow yet, and none for the others.
        """
        token = bearer(authorization)
        if token is None:
            return None
        kind = next(kind for kind in self._kinds if token.startswith(kind.prefix))
        identity = await kind.identify(token, self._followed.__contains__)
        if (key := identity.credential) is not None:
            if key in self._ended:  # while it was being read
                raise Unauthenticated(ENDED)
            followed = self._followed.setdefault(key, _Followed(kind, 0.0))
            followed.used = time.monotonic()
        return identity

    @contextmanager
    def watch(self, identity: Identity | None, ended: Callable[[], None]) -> Iterator[None]:
        """Call `ended` if the credential ends while the block runs, or has ended already."""
        if identity is None or (key := identity.credential) is None:
            yield
            return
        followed = self._followed.get(key)
        if followed is None:  # it ended, or was forgotten, between `identify` and now
            ended()
            yield
            return
        self._watches += 1
        number = self._watches
        followed.watchers[number] = ended
        try:
            yield
        finally:
            del followed.watchers[number]
            followed.used = time.monotonic()

    def end(self, keys: Sequence[UUID]) -> None:
        """These credentials ended, and that is committed: end them in all processes."""
        for key in keys:
            self._end(key)
            self._publisher.publish(channels.CREDENTIALS, key.hex, key=key.hex)

    def _end(self, key: UUID) -> None:
        self._ended[key] = None
        if len(self._ended) > ENDED_REMEMBERED:
            self._ended.popitem(last=False)
        followed = self._followed.pop(key, None)
        for ended in list(followed.watchers.values()) if followed is not None else ():
            ended()

    async def _receive(self) -> None:
        async with self._bus.subscribe(channels.CREDENTIALS) as messages:
            async for message in messages:
                with ignoring_malformed(channels.CREDENTIALS):
                    self._end(UUID(hex=message))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._patience * random.uniform(1 - JITTER, 1))  # noqa: S311
            try:
                await self.sweep()
            except Exception as error:
                log.warning("credentials not checked", error=repr(error), exc_info=unless_outage(error))

    async def sweep(self) -> None:
        """Forget credentials that are not used, and end those that the database no longer has."""
        idle = time.monotonic() - IDLE_SECONDS
        for key, followed in list(self._followed.items()):
            if not followed.watchers and followed.used < idle:
                del self._followed[key]
        for kind in self._kinds:
            keys = iter([key for key, followed in self._followed.items() if followed.kind is kind])
            while batch := list(islice(keys, IDS_PER_QUERY)):
                living = {row[0] for row in await self._database.read(kind.living(batch))}
                for key in batch:
                    if key not in living:
                        self._end(key)
