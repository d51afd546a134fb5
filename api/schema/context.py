"""What a resolver finds in `info.context`: the server's parts, who asks, and loaders of this one operation."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import strawberry
from sqlalchemy import select
from strawberry.dataloader import DataLoader

from api.auth import Passwords, Tokens, Viewer
from api.database import Database
from api.errors import LimitExceeded, Unauthenticated
from api.models import Chat, Participation, User
from api.schema.limits import Rates
from api.settings import Settings
from api.streaming.hub import Hub

MOST_ROWS = 5_000
"""In one answer: fifty full pages. Each may be as large as a message."""


class Watch(Protocol):
    """Counts what happens here, for the metrics."""

    def subscribed(self, track: str) -> None: ...
    def unsubscribed(self, track: str) -> None: ...
    def updated_stream(self) -> None: ...
    def updated_sync(self) -> None: ...


@dataclass(frozen=True)
class Server:
    """The parts that resolvers need, made once in `create_app`."""

    settings: Settings
    database: Database
    hub: Hub
    tokens: Tokens
    passwords: Passwords
    rates: Rates
    watch: Watch


@dataclass
class Context:
    """One operation's context. Loaders batch, and remember nothing: an event must not see what an earlier one saw."""

    server: Server
    viewer: Viewer | None
    client: str = ""
    """The address that the request came from."""
    request_id: str = ""
    rows: int = 0
    """Of connections, found by now for one answer."""
    users: DataLoader[UUID, User | None] = field(init=False)
    chats: DataLoader[UUID, Chat | None] = field(init=False)
    participants: DataLoader[UUID, list[User]] = field(init=False)

    def __post_init__(self) -> None:
        self.users = DataLoader(self._load_users, cache=False)
        self.chats = DataLoader(self._load_chats, cache=False)
        self.participants = DataLoader(self._load_participants, cache=False)

    @property
    def signed_in(self) -> UUID:
        """The viewer's key. Raises Unauthenticated when signed out."""
        if self.viewer is None:
            raise Unauthenticated(
                "Sign in first: send `Authorization: Bearer <token>`, or `connectionParams.authorization` over "
                "WebSocket."
            )
        return self.viewer.id

    def spend(self, rows: int) -> None:
        """Count the rows that a connection has found. Raises LimitExceeded: lists in lists multiply."""
        self.rows += rows
        if self.rows > MOST_ROWS:
            raise LimitExceeded(f"This asks for more than {MOST_ROWS:,} rows at once. Ask for fewer, or in parts.")

    async def _load_users(self, keys: Sequence[UUID]) -> list[User | None]:
        async def find() -> dict[UUID, User]:
            async with self.server.database.reading() as session:
                return {user.id: user for user in await session.scalars(select(User).where(User.id.in_(keys)))}

        found = await self.server.database.finish(find())
        return [found.get(key) for key in keys]

    async def _load_chats(self, keys: Sequence[UUID]) -> list[Chat | None]:
        async def find() -> dict[UUID, Chat]:
            async with self.server.database.reading() as session:
                return {chat.id: chat for chat in await session.scalars(select(Chat).where(Chat.id.in_(keys)))}

        found = await self.server.database.finish(find())
        return [found.get(key) for key in keys]

    async def _load_participants(self, keys: Sequence[UUID]) -> list[list[User]]:
        members = (
            select(Participation.chat_id, User)
            .join(User, User.id == Participation.user_id)
            .where(Participation.chat_id.in_(keys))
            .order_by(Participation.joined_at, Participation.user_id)
        )

        async def find() -> dict[UUID, list[User]]:
            found: dict[UUID, list[User]] = {key: [] for key in keys}
            async with self.server.database.reading() as session:
                for chat, user in await session.execute(members):
                    found[chat].append(user)
            return found

        found = await self.server.database.finish(find())
        return [found[key] for key in keys]


Info = strawberry.Info[Context, None]


@contextmanager
def counted(context: Context, track: str) -> Iterator[None]:
    """Count a subscription for as long as it is open."""
    context.server.watch.subscribed(track)
    try:
        yield
    finally:
        context.server.watch.unsubscribed(track)
