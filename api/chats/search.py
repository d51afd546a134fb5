"""Searching the messages of the viewer's chats."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, String, cast, column, literal, select
from sqlalchemy.dialects.postgresql import TSQUERY

from api.characters import utf8_bytes
from api.chats.access import own_chats
from api.chats.models import Chat, Membership, Message
from api.chats.search_index import TERMS, catch_up, chat_term
from api.chats.search_terms import PREFIX_CHARACTERS, Query, found_in
from api.database import Database
from api.errors import BadUserInput
from api.keyset import Slice, Window
from api.streaming.columns import Status

QUERY_CHARACTERS = 200

MOST_CHATS = 1_000
"""The most recently active chats of the viewer are searched. Each is a term of the statement."""

EXCERPT_BEFORE, EXCERPT_CHARACTERS = 40, 160

LOCATED_CHARACTERS = 1_000_000
"""Of texts, in which one page locates the terms. The excerpt of a later text is its start."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an excerpt, and whether it is a term of the query."""

    text: str
    matches: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A message with its excerpt."""

    message: Message
    excerpt: list[Part]


def search_query(written: str) -> Query:
    """The terms to search for. Raises BadUserInput."""
    if len(written) > QUERY_CHARACTERS:
        raise BadUserInput(
            f"The query is too long: {len(written):,} characters. The limit is {QUERY_CHARACTERS}. Use fewer words."
        )
    query = Query.of(written)
    if not query:
        raise BadUserInput("The query is empty. It needs at least one letter or digit.")
    return query


async def search_messages(
    database: Database, viewer: UUID, query: Query, window: Window, most_bytes: int
) -> Slice[Found]:
    """Final messages of the viewer's chats that contain all terms, the newest first.

    The page ends early, with one message at least, where its texts exceed `most_bytes`.
    """
    await catch_up(database)

    async def read() -> Slice[Message]:
        async with database.reading() as session:
            chats = own_chats(viewer).with_only_columns(Chat.id).order_by(Chat.updated_at.desc()).limit(MOST_CHATS)
            found = (await session.scalars(chats)).all()
            if not found:
                return Slice([], [], False, False)
            # The index knows chats, and this condition the memberships of this moment.
            joined = select(Membership.chat_id).where(Membership.user_id == viewer)
            messages = select(Message).where(
                _matching(database.dialect, query, found),
                Message.chat_id.in_(joined),
                Message.status != Status.STREAMING,
            )
            return await window.read(session, messages, [Message.position, Message.id], descending=True)

    page = await database.finish(read())
    sizes = accumulate(utf8_bytes(row.content) + utf8_bytes(row.reasoning or "") for row in page.items)
    page = page.begun(max(1, sum(1 for _ in takewhile(lambda size: size <= most_bytes, sizes))), backward=False)
    found = await asyncio.to_thread(_with_excerpts, page.items, query)
    return Slice(found, page.cursors, page.has_previous, page.has_next)


def _matching(dialect: str, query: Query, chats: Sequence[UUID]) -> ColumnElement[bool]:
    """Whether the index has the message under all terms, in these chats. Terms have no quotes and no backslashes."""
    postgres = dialect == "postgresql"
    quote, prefix, both, either = ("'", ":*", " & ", " | ") if postgres else ('"', "*", " AND ", " OR ")
    words = [f"{quote}{word}{quote}{prefix if len(word) >= PREFIX_CHARACTERS else ''}" for word in query.words]
    pairs = [f"{quote}{pair}{quote}" for pair in query.pairs]
    places = either.join(f"{quote}{chat_term(chat)}{quote}" for chat in chats)
    written = literal(both.join([*words, *pairs, f"({places})"]), String)
    if postgres:
        matching = TERMS.c.terms.op("@@", is_comparison=True)(cast(written, TSQUERY))
        return Message.id.in_(select(TERMS.c.message_id).where(matching))
    matching = column("search_terms", String).op("MATCH", is_comparison=True)(written)
    return Message.position.in_(select(column("rowid", BigInteger)).select_from(TERMS).where(matching))


def _with_excerpts(messages: Sequence[Message], query: Query) -> list[Found]:
    found, room = [], LOCATED_CHARACTERS
    for message in messages:
        found.append(Found(message, excerpt(message.content, query if room > 0 else None)))
        room -= len(message.content)
    return found


def excerpt(text: str, query: Query | None) -> list[Part]:
    """The surroundings of the first term in the text, and which parts of them are terms."""
    places = found_in(text, query) if query is not None else iter(())
    first = next(places, None)
    start = max(0, first[0] - EXCERPT_BEFORE) if first else 0
    if start > 0 and (space := text.find(" ", start, first[0] if first else start)) >= 0:
        start = space + 1  # at a word
    end = start + EXCERPT_CHARACTERS
    parts, done = [Part("…", False)] if start else [], start
    while first is not None and first[0] < end:
        parts += [Part(text[done : first[0]], False), Part(text[first[0] : min(first[1], end)], True)]
        done, first = min(first[1], end), next(places, None)
    parts.append(Part(text[done:end] + ("…" if end < len(text) else ""), False))
    return [part for part in parts if part.text]
