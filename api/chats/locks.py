"""Locks that keep a membership or a message as it is until a transaction ends.

Rows are locked in one order everywhere, so that no two transactions wait for each other: memberships, messages, chats,
users.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.chats.models import Chat, Membership, Message
from api.errors import NotFound
from api.streaming.access import RevisedModel

NO_KEY_UPDATE = {"key_share": True}
"""The strength of a lock on a chat (Postgres: FOR NO KEY UPDATE).

Inserting a message locks the key of its chat. FOR UPDATE would wait for that lock, and two senders that go on to update
the chat would queue behind a statement that waits for both.
"""


async def lock_membership(session: AsyncSession, chat: UUID, viewer: UUID, *, sought: RevisedModel = Chat) -> None:
    """Keep the viewer's membership until the transaction ends. Raises NotFound if the viewer has none.

    `sought` is the model of the object that the viewer asked for: the error must be the same as for an unknown object.
    """
    own = (Membership.chat_id == chat, Membership.user_id == viewer)
    if await session.scalar(select(Membership.user_id).where(*own).with_for_update(read=True)) is None:
        raise NotFound.of(sought)


async def lock_members(session: AsyncSession, chat: UUID, viewer: UUID) -> list[Membership]:
    """All memberships of a chat, in the order of joining. Raises NotFound if the viewer's is not among them."""
    query = select(Membership).where(Membership.chat_id == chat).order_by(Membership.user_id).with_for_update()
    # Repeated until no further row is found, so at least twice. A statement sees what was committed before it began: a
    # participant whom another member added after that appears only in the next. Locked members add no participants.
    locked, before = list(await session.scalars(query)), 0
    while len(locked) > before:
        locked, before = list(await session.scalars(query)), len(locked)
    members = sorted(locked, key=lambda member: (member.joined_at, member.user_id))
    if not any(member.user_id == viewer for member in members):
        raise NotFound.of(Chat)
    return members


async def lock_message(session: AsyncSession, key: UUID, viewer: UUID) -> Message:
    """The message. Raises NotFound unless the viewer participates in its chat."""
    chat = await session.scalar(select(Message.chat_id).where(Message.id == key))
    if chat is None:
        raise NotFound.of(Message)
    await lock_membership(session, chat, viewer, sought=Message)
    return await lock_message_of_any_chat(session, key)


async def lock_message_of_any_chat(session: AsyncSession, key: UUID) -> Message:
    """The message, for the operator. Raises NotFound if there is none."""
    message = await session.get(Message, key, with_for_update=True)
    if message is None:
        raise NotFound.of(Message)
    return message
