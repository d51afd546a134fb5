"""Who is asking, and what they may see: tokens, passwords, and the one door of authorization."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from pwdlib import PasswordHash
from sqlalchemy import Select, literal, select, union_all

from api.database import Database
from api.errors import BadUserInput, Unauthenticated
from api.models import Chat, Message, Participation, User
from api.streaming.topic import Key, Model, Sight

ALGORITHM = "HS256"

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")

ACCOUNT_GONE = "This account is gone. Sign up for a new one."
"""A token outlives its account when an operator starts over with an empty database."""

HASHES_AT_ONCE = 2
"""A hash takes a core for 0.1 s and 64 MB on purpose; a flood of sign-ins must leave room for everybody else."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The one who asks, for as long as their token lives."""

    id: UUID
    expires_at: float
    """Seconds since 1970."""


class Tokens:
    """Signed proofs of who is asking."""

    def __init__(self, secret: str, *, hours: float) -> None:
        self._secret = secret
        self._seconds = hours * 3600

    def issue(self, user: UUID) -> str:
        """A token for this user."""
        now = time.time()
        return jwt.encode({"sub": str(user), "iat": int(now), "exp": now + self._seconds}, self._secret, ALGORITHM)

    def read(self, authorization: str | None) -> Viewer | None:
        """Who an `Authorization` value names; None where there is none. Raises Unauthenticated for a bad one."""
        if not authorization:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("The authorization must read `Bearer <token>`. Sign in to get a token.")
        try:
            # `iat` is for the client: the clock of the server that wrote it may be ahead of ours.
            options: jwt.types.Options = {"require": ["sub", "exp"], "verify_iat": False}
            claims = jwt.decode(token.strip(), self._secret, [ALGORITHM], options=options)
            return Viewer(UUID(claims["sub"]), float(claims["exp"]))
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(
                "The token has expired. Sign in again, or refresh the token before it expires."
            ) from None
        except (jwt.InvalidTokenError, ValueError):
            raise Unauthenticated("The token is not one of ours. Sign in to get one.") from None


class Passwords:
    """Hashing that takes its time, in a thread."""

    def __init__(self) -> None:
        self._hash = PasswordHash.recommended()
        self._room = asyncio.Semaphore(HASHES_AT_ONCE)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        async with self._room:
            return await asyncio.to_thread(self._hash.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Takes as long for an address that nobody has, so that it does not tell which ones exist."""
        if hashed is None:
            self._nobody = self._nobody or await self.hash("nobody has this password")
            hashed, password = self._nobody, "?"
        async with self._room:
            return await asyncio.to_thread(self._hash.verify, password, hashed)


def email_address(written: str) -> str:
    """The address as it is stored. Raises BadUserInput."""
    address = written.strip().casefold()
    if len(address) > 320 or not EMAIL.fullmatch(address):
        raise BadUserInput("This is no e-mail address. Write it like name@example.com.")
    return address


def visible_chats(viewer: UUID) -> Select[Chat]:
    """The chats that the viewer takes part in."""
    return select(Chat).join(Participation, Participation.chat_id == Chat.id).where(Participation.user_id == viewer)


def visible_messages(viewer: UUID) -> Select[Message]:
    """The messages of those chats."""
    return (
        select(Message)
        .join(Participation, Participation.chat_id == Message.chat_id)
        .where(Participation.user_id == viewer)
    )


class Access:
    """What the hub asks: permission and contents in one query, once per subscription."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def row(self, model: Model, key: UUID, viewer: UUID | None) -> Sight | None:
        """A message with the access epoch of its chat, or None."""
        if viewer is None or model is not Message:
            return None
        columns = Message.__table__.c
        visible = (
            select(*columns, Chat.access_epoch.label("epoch"))
            .join(Chat, Chat.id == Message.chat_id)
            .join(Participation, Participation.chat_id == Chat.id)
            .where(Participation.user_id == viewer, Message.id == key)
        )
        for row in await self._database.read(visible):
            values: dict[str, Any] = dict(row._mapping)
            epoch = values.pop("epoch")
            return Sight(row.revision, row.chat_id, epoch, Message(**values))
        return None

    async def revisions(self, keys: Sequence[Key], viewer: UUID | None) -> dict[Key, Sight]:
        """The viewer's own Viewer, and those of their chats."""
        if viewer is None:
            return {}
        wanted = {model: [key for kind, key in keys if kind is model] for model in (Chat, User)}
        chats = (
            select(literal("chat").label("kind"), Chat.id, Chat.revision, Chat.access_epoch)
            .join(Participation, Participation.chat_id == Chat.id)
            .where(Participation.user_id == viewer, Chat.id.in_(wanted[Chat]))
        )
        own = select(literal("user"), User.id, User.revision, literal(0)).where(
            User.id == viewer, User.id.in_(wanted[User])
        )
        return {
            (Chat, row.id) if row.kind == "chat" else (User, row.id): Sight(
                row.revision, row.id if row.kind == "chat" else None, row.access_epoch
            )
            for row in await self._database.read(union_all(chats, own))
        }
