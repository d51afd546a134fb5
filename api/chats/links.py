"""Links to a chat: for readers without an account, and for people who join. Their tokens are stored hashed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import Credentials, RandomTokens, RateLimits, User, digest_of, new_secret, timestamp
from api.chats.locks import NO_KEY_UPDATE, lock_membership
from api.chats.memberships import add_member
from api.chats.models import Chat, Link, LinkRole
from api.database import Database
from api.errors import BadUserInput, Forbidden, LimitExceeded, NotFound, Unauthenticated
from api.identity import LINK, Identity
from api.settings import Settings
from api.streaming.columns import now

PREFIXES = {LinkRole.READER: "twotrackread_", LinkRole.PARTICIPANT: "twotrackjoin_"}
"""The page distinguishes links by the prefix. None of them begins with that of API tokens, `twotrack_`."""

LINKS_PER_CHAT = 50

NO_LINK = "The link is not valid: it is unknown, expired or revoked. Ask for another one."


class ReaderLinks(RandomTokens):
    """The tokens of reader links, as a kind of credential."""

    prefix = PREFIXES[LinkRole.READER]

    async def read(self, digest: bytes) -> Identity:
        columns = (Link.id, Link.expires_at)
        found = await self._database.read(_living(*columns).where(Link.digest == digest, Link.role == LinkRole.READER))
        if not found:
            raise Unauthenticated(NO_LINK)
        (row,) = found
        return Identity(row.id, timestamp(row.expires_at), row.id, LINK)

    def living(self, keys: Sequence[UUID]) -> Select[UUID]:
        return _living(Link.id).where(Link.id.in_(keys))


def _living(*columns: Any) -> Select[Any]:
    """These columns of links that have not expired. The links of a disabled account have ended."""
    unexpired = or_(Link.expires_at.is_(None), Link.expires_at > now())
    query: Select[Any] = select(*columns).select_from(Link).join(User, User.id == Link.creator_id)
    return query.where(unexpired, User.disabled_at.is_(None))


async def create_link(
    database: Database, viewer: UUID, chat: UUID, role: LinkRole, expires_at: datetime | None
) -> tuple[Link, str]:
    """A new link and its token, which is not stored. Raises NotFound, LimitExceeded and BadUserInput."""
    if expires_at is not None and expires_at <= now():
        raise BadUserInput("The link would have expired already. Choose a time in the future.")
    token = new_secret(PREFIXES[role])
    async with database.transaction() as session:
        await lock_membership(session, chat, viewer)
        # Locked before the count, because another participant may be creating a link at this moment.
        await session.get_one(Chat, chat, with_for_update=NO_KEY_UPDATE)
        expired = Link.expires_at <= now()
        await session.execute(delete(Link).where(Link.chat_id == chat, expired))
        count = select(func.count()).select_from(Link).where(Link.chat_id == chat)
        if (await session.scalar(count) or 0) >= LINKS_PER_CHAT:
            raise LimitExceeded(f"A chat has at most {LINKS_PER_CHAT} links. Revoke one first.")
        link = Link(chat_id=chat, creator_id=viewer, role=role, digest=digest_of(token), expires_at=expires_at)
        session.add(link)
    return link, token


async def revoke_link(database: Database, credentials: Credentials, viewer: UUID, key: UUID) -> None:
    """Delete the link, and end it in all processes. Raises NotFound, and Forbidden unless the viewer created the link
    or owns the chat."""
    unknown = NotFound("No link of your chats has this id. It may have been revoked; refetch the links.")
    async with database.transaction() as session:
        link = await session.get(Link, key)
        if link is None:
            raise unknown
        try:
            await lock_membership(session, link.chat_id, viewer)
        except NotFound:
            raise unknown from None
        chat = await session.get_one(Chat, link.chat_id)
        if viewer not in (link.creator_id, chat.owner_id):
            raise Forbidden("Only who created a link, or the owner of the chat, can revoke it. Ask one of them.")
        await session.execute(delete(Link).where(Link.id == key))
    credentials.end([key])


async def join_chat(database: Database, settings: Settings, rates: RateLimits, viewer: UUID, token: str) -> Chat:
    """Let the viewer participate in the chat of a participant link; nothing changes for a participant.

    Raises NotFound for a link that does not live, BadUserInput for the token of a reader link, Forbidden for a user
    whom the owner has removed, LimitExceeded, and RateLimited.
    """
    await rates.spend("join by link", str(viewer), settings.invitations_per_minute)
    async with database.transaction() as session:
        link = await _participant_link(session, token)
        chat = await session.get(Chat, link, with_for_update=NO_KEY_UPDATE)
        # Read again: it may have ended before the chat was locked.
        if chat is None or await _participant_link(session, token) != chat.id:
            raise NotFound(NO_LINK)
        try:
            await add_member(session, settings, chat, viewer, by=viewer)
        except Forbidden:
            raise Forbidden("The owner of this chat has removed you. Only the owner can add you again.") from None
    return chat


async def require_invitation(database: Database, token: str) -> None:
    """Raises NotFound unless this is the token of a participant link that lives, and BadUserInput for a reader's."""
    async with database.reading() as session:
        await _participant_link(session, token)


async def _participant_link(session: AsyncSession, token: str) -> UUID:
    """The chat to which the link leads."""
    if token.startswith(PREFIXES[LinkRole.READER]):
        raise BadUserInput("This link shows the chat, and is not for joining it. Ask for a link for participants.")
    found: UUID | None = await session.scalar(
        _living(Link.chat_id).where(Link.digest == digest_of(token), Link.role == LinkRole.PARTICIPANT)
    )
    if found is None:
        raise NotFound(NO_LINK)
    return found


async def links_of(database: Database, chats: Sequence[UUID]) -> list[list[Link]]:
    """The links of these chats that have not expired, the newest first."""
    found: dict[UUID, list[Link]] = {chat: [] for chat in chats}
    unexpired = or_(Link.expires_at.is_(None), Link.expires_at > now())
    query = select(Link).where(Link.chat_id.in_(chats), unexpired).order_by(Link.id.desc())
    async with database.reading() as session:
        for link in await session.scalars(query):
            found[link.chat_id].append(link)
    return [found[chat] for chat in chats]


async def shared_chat(database: Database, link: UUID) -> tuple[Chat, UUID] | None:
    """The chat that a reader link shows, and the user who created the link. None if it was revoked."""
    query = select(Chat, Link.creator_id).join(Link, Link.chat_id == Chat.id).where(Link.id == link)
    async with database.reading() as session:
        found = (await session.execute(query.where(Link.role == LinkRole.READER))).first()
    return None if found is None else (found[0], found[1])
