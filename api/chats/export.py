"""The data of one user, to be handed out to this user."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_

from api.accounts.models import ApiToken, Session, User
from api.chats.models import Chat, Link, Membership, Message
from api.database import Database

BATCH_MESSAGES = 200
"""Messages that are read at once."""

Object = dict[str, Any]


async def exported(database: Database, user: User) -> AsyncIterator[str]:
    """A JSON text in pieces: the profile, sessions and tokens without their secrets, chats, links, and all messages
    that the user wrote, also in chats that the user has left."""
    chats = select(Chat.id, Chat.title, Chat.owner_id, Membership.joined_at, Chat.created_at)
    lists: dict[str, Select[*tuple[Any, ...]]] = {
        "sessions": select(Session.client, Session.created_at, Session.last_used_at, Session.expires_at).where(
            Session.user_id == user.id
        ),
        "apiTokens": select(ApiToken.name, ApiToken.created_at, ApiToken.last_used_at, ApiToken.expires_at).where(
            ApiToken.user_id == user.id
        ),
        "chats": chats.join(Membership, Membership.chat_id == Chat.id)
        .where(Membership.user_id == user.id)
        .order_by(Chat.id),
        "links": select(Link.chat_id, Link.role, Link.created_at, Link.expires_at).where(Link.creator_id == user.id),
    }
    profile = {"id": user.id, "name": user.name, "email": user.email, "createdAt": user.created_at}
    document: Object = {"user": profile}
    for name, query in lists.items():
        document[name] = [_object(row) for row in await database.read(query)]
    yield _json(document, indent=2).removesuffix("\n}") + ',\n  "messages": ['
    separator = ""
    async for row in _messages(database, user.id):
        yield f"{separator}\n    {_json(_object(row))}"
        separator = ","
    yield "\n  ]\n}\n"


async def _messages(database: Database, author: UUID) -> AsyncIterator[Row[Any]]:
    """The messages that a user wrote, also as an agent, in the order of their creation."""
    place = tuple_(Message.position, Message.id)
    columns = (
        Message.position,
        Message.id,
        Message.chat_id,
        Message.role,
        Message.status,
        Message.created_at,
        Message.edited_at,
        Message.content,
        Message.reasoning,
    )
    query = select(*columns).where(Message.author_id == author).order_by(Message.position, Message.id)
    rows = await database.read(query.limit(BATCH_MESSAGES))
    while rows:
        for row in rows:
            yield row
        last = (rows[-1].position, rows[-1].id)
        rows = await database.read(query.where(place > last).limit(BATCH_MESSAGES))


def _object(row: Row[Any]) -> Object:
    """A row with the names of the GraphQL schema, without what is missing."""
    return {_name(name): value for name, value in row._mapping.items() if value is not None and name != "position"}


def _name(column: str) -> str:
    first, *others = column.split("_")
    return first + "".join(other.capitalize() for other in others)


def _json(value: Object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_text)


def _text(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
