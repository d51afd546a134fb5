"""Two servers on one database, seen past them: who may use them, and what is really stored."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

from sqlalchemy import select

from api.accounts.models import User
from api.accounts.sessions import Tokens
from api.chats.models import Chat, Message
from api.database import Database
from api.graphql import relay
from api.streaming import snapshot
from api.streaming.publisher import Publisher
from tests.support.backends import SECRET
from tests.support.people import Person
from tests.support.until import PATIENCE_SECONDS

_numbers = count()


class Deployment:
    """Where the servers are, and the database beneath them."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url

    @property
    def ports(self) -> list[int]:
        """One for each server."""
        raise NotImplementedError

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """What is stored, seen past all servers; announces nothing."""

        async def nobody(messages: object) -> None:
            """What tests make here, nobody follows yet."""

        database = Database(self.database_url, Publisher(nobody))
        try:
            yield database
        finally:
            await database.aclose()

    async def people(self, *names: str) -> list[Person]:
        """One person for each name, on the servers in turn."""
        rows = [
            User(name=name, email=f"{name.lower()}.{next(_numbers)}@example.com", password="none") for name in names
        ]
        async with self.database() as database, database.transaction() as session:
            session.add_all(rows)
        return [
            Person(
                self.ports[number % 2],
                Tokens(SECRET, hours=1).issue(row.id),
                row.email,
                relay.global_id("User", row.id),
                relay.global_id("Viewer", row.id),
            )
            for number, row in enumerate(rows)
        ]

    async def row(self, message: str) -> Message | None:
        """What the database says of a message."""
        async with self.database() as database, database.reading() as session:
            return await session.scalar(select(Message).where(Message.id == relay.key_of("Message", message)))

    async def row_when(self, message: str, is_so: Callable[[Message], bool]) -> Message:
        """The message's row, as soon as this is so."""
        until = time.monotonic() + PATIENCE_SECONDS
        while (row := await self.row(message)) is None or not is_so(row):
            assert time.monotonic() < until, f"waited in vain; the row is {row and snapshot.values_of(row)}"
            await asyncio.sleep(0.02)
        return row

    async def chat_revision(self, chat: str) -> int | None:
        """The chat's revision; None when it is deleted."""
        async with self.database() as database, database.reading() as session:
            return await session.scalar(select(Chat.revision).where(Chat.id == relay.key_of("Chat", chat)))
