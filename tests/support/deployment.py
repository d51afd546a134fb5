"""Two servers on one database, seen past them: who may use them, and what is really stored."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

from sqlalchemy import select

from api.accounts.models import User
from api.accounts.sessions import Tokens
from api.chats.models import Chat, Message
from api.database import Database
from api.graphql import relay
from api.streaming.publisher import Publisher
from tests.support.backends import SECRET
from tests.support.people import Person, session_of
from tests.support.until import becomes

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
            await session.flush()
            session.add_all(session_of(row.id) for row in rows)
        return [
            Person(
                self.ports[number % 2],
                Tokens(SECRET, hours=1).issue(row.id, row.id),
                row.email,
                relay.global_id("User", row.id),
                relay.global_id("Viewer", row.id),
            )
            for number, row in enumerate(rows)
        ]

    async def row(self, message: str) -> Message:
        """The row of a message, as the database has it."""
        row = await self.row_or_none(message)
        assert row is not None, "the message was deleted"
        return row

    async def row_or_none(self, message: str) -> Message | None:
        """The same; None if the message was deleted."""
        async with self.database() as database, database.reading() as session:
            return await session.scalar(select(Message).where(Message.id == relay.key_of("Message", message)))

    async def row_when(self, message: str, holds: Callable[[Message], object]) -> Message:
        """The row of a message, as soon as this holds."""
        return await becomes(lambda: self.row(message), holds)

    async def chat_revision(self, chat: str) -> int | None:
        """The chat's revision; None when it is deleted."""
        async with self.database() as database, database.reading() as session:
            return await session.scalar(select(Chat.revision).where(Chat.id == relay.key_of("Chat", chat)))
