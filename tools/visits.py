"""Visitors of a fleet: each asks, several readers follow the reply, some leave early; then the messages are deleted."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from random import Random
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from sqlalchemy.exc import SQLAlchemyError

from api.chats.models import Message
from tests.support.conversation import equal
from tests.support.fleet import Fleet
from tests.support.network import Network
from tests.support.operations import Refused
from tests.support.people import Person
from tests.support.readers import Reader

VISITORS = 6

READERS = 4
"""Of each reply."""

LEAVE_SHARE = 0.3

END_SECONDS = 180.0
"""A half-open socket is noticed after 40 s, a reply may wait for its turn, and two cores may be busy."""

ATTEMPT_SECONDS = 0.3
"""Between two attempts to do what failed."""

OUTAGES = (httpx.TransportError, OSError, SQLAlchemyError)

Result = TypeVar("Result")


class PatientReader(Reader):
    """Asks again however often the server says that it failed: outages last longer than in a test."""

    def _is_gone(self, errors: list[dict[str, Any]]) -> bool:
        self._failed = 0
        return super()._is_gone(errors)

    async def over(self) -> None:
        assert self._task is not None
        done, _ = await asyncio.wait((self._task,), timeout=END_SECONDS)
        assert done, f"{self} still waits after {END_SECONDS} s"
        self._task.result()


class Visits:
    """What the visitors do, and what was found right so far."""

    number = VISITORS

    def __init__(self, fleet: Fleet, network: Network) -> None:
        self._fleet = fleet
        self._port = int(network.url.rpartition(":")[2])
        self._people: list[Person] = []
        self.compared = 0
        """Readers whose last frame was the row."""
        self.left = 0
        self.statuses: Counter[str] = Counter()

    async def prepare(self) -> None:
        self._people = await self._fleet.people(*(f"Visitor{number}" for number in range(VISITORS)))
        for person in self._people:
            person.port = self._port

    async def visit(self, random: Random, until: float) -> None:
        """Ask again and again, until that time of the monotonic clock."""
        person = self._people.pop()
        chat = await self._lasting(person.create_chat)
        while time.monotonic() < until:
            key = uuid4().hex
            sent = await self._lasting(partial(person.send, chat, f"Question {key}", key=key))
            await self._follow(person, sent["reply"]["id"], random)
            for message in (sent["reply"]["id"], sent["message"]["id"]):
                await self._delete(person, message)

    async def _follow(self, person: Person, reply: str, random: Random) -> None:
        """Until the readers that stay have seen the end."""
        async with AsyncExitStack() as stack:
            readers = [
                await stack.enter_async_context(PatientReader(person, [self._port], reply)) for _ in range(READERS)
            ]
            if random.random() < LEAVE_SHARE:
                await asyncio.sleep(random.uniform(0, 3))
                await readers.pop().__aexit__(None, None, None)
                self.left += 1
            await asyncio.gather(*(reader.over() for reader in readers))
            row: Message = await self._lasting(lambda: self._fleet.row(reply))
            for reader in readers:
                equal(reader, row)
        self.compared += len(readers)
        self.statuses[row.status if row.error_code is None else row.error_code] += 1

    async def _delete(self, person: Person, message: str) -> None:
        try:
            await self._lasting(lambda: person.mutate("deleteMessage", messageId=message))
        except Refused as refused:
            if refused.code != "NOT_FOUND":  # an earlier attempt, whose answer was lost
                raise

    async def _lasting(self, act: Callable[[], Awaitable[Result]]) -> Result:
        """Do this until it succeeds. Raises Refused for what another attempt would not change."""
        until = time.monotonic() + END_SECONDS
        while True:
            try:
                return await act()
            except (*OUTAGES, Refused) as failed:
                if isinstance(failed, Refused) and failed.code != "INTERNAL":
                    raise
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(ATTEMPT_SECONDS)
