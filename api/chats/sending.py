"""Sending a message once, however often the client repeats the attempt."""

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.characters import utf8_bytes
from api.chats.locks import lock_membership
from api.chats.models import Assistant, Chat, IdempotencyKey, Membership, Message, MessageRole
from api.chats.quotas import Quotas, require_reply, require_room
from api.chats.titles import UNTITLED, title_of
from api.database import Database
from api.errors import Conflict, NotFound
from api.settings import Settings
from api.streaming.columns import enqueue


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message, its reply and their chat, as they are now."""

    message: Message
    reply: Message | None
    chat: Chat


async def send_message(
    database: Database,
    settings: Settings,
    quotas: Quotas,
    viewer: UUID,
    chat: UUID,
    key: str,
    content: str,
    *,
    reply: bool | None,
) -> SentMessage:
    """Send a message, and queue a reply if `reply` is true. With None, the chat decides.

    A repeated idempotency key returns the original message.

    Raises NotFound, Conflict if the key was used for another chat or content, or if its message was deleted,
    LimitExceeded if a quota of the viewer is used up, and RateLimited.
    """
    await quotas.count_message(viewer)
    sending = _Sending(database, settings, viewer, chat, key, content, reply=reply, room=await quotas.room(viewer))
    with suppress(IntegrityError):  # another attempt with the same key was committed at the same moment
        await sending.store()
        quotas.stored(viewer, utf8_bytes(content))
    return await sending.stored()


MENTION = re.compile(r"(?<![\w@.+/-])@assistant(?![\w@-]|\.\w)", re.IGNORECASE)
"""Not a part of an e-mail address or of a longer name."""


def asks_assistant(content: str) -> bool:
    """Whether a message mentions `@assistant`, in any case of letters."""
    return MENTION.search(content) is not None


class _Sending:
    """One attempt to send, which may be a repeat."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        viewer: UUID,
        chat: UUID,
        key: str,
        content: str,
        *,
        reply: bool | None,
        room: int | None,
    ) -> None:
        self._room = room
        self._database, self._settings = database, settings
        self._viewer, self._chat, self._key, self._content, self._reply = viewer, chat, key, content, reply
        self._digest = hashlib.sha256(content.encode()).digest()

    async def store(self) -> None:
        """Store message, reply and key, unless the key is known. Raises IntegrityError if it became known meanwhile."""
        async with self._database.transaction() as session:
            if await session.get(IdempotencyKey, (self._viewer, self._key)) is not None:
                return
            await lock_membership(session, self._chat, self._viewer)
            require_room(self._room, utf8_bytes(self._content))
            message = Message(chat_id=self._chat, author_id=self._viewer, role=MessageRole.USER, content=self._content)
            session.add(message)
            await session.flush()  # so that the message's id is smaller than that of its reply
            reply = await self._queue_reply(session) if await self._wants_reply(session) else None
            session.add(
                IdempotencyKey(
                    author_id=self._viewer,
                    key=self._key,
                    chat_id=self._chat,
                    digest=self._digest,
                    message_id=message.id,
                    reply_id=reply and reply.id,
                )
            )
            await self._name_chat(session)

    async def _wants_reply(self, session: AsyncSession) -> bool:
        if self._reply is not None:
            return self._reply
        assistant = await session.scalar(select(Chat.assistant).where(Chat.id == self._chat))
        return assistant is Assistant.ALWAYS or (assistant is Assistant.WHEN_ASKED and asks_assistant(self._content))

    async def _queue_reply(self, session: AsyncSession) -> Message:
        await require_reply(session, self._settings, self._viewer)
        model = self._settings.model.partition("?")[0]
        reply = Message(
            chat_id=self._chat,
            role=MessageRole.ASSISTANT,
            model=model,
            content="",
            requested_by_id=self._viewer,
        )
        enqueue(reply, self._settings.queue_seconds)
        session.add(reply)
        await session.flush()
        return reply

    async def _name_chat(self, session: AsyncSession) -> None:
        """Name a chat without a title in the same transaction: its revision rises by one either way."""
        chat = await session.get(Chat, self._chat)
        if chat is not None and chat.title == UNTITLED and (title := title_of(self._content)):
            chat.title = title

    async def stored(self) -> SentMessage:
        """What was sent under the key."""
        async with self._database.reading() as session:
            known = await session.get(IdempotencyKey, (self._viewer, self._key))
            if known is None:  # the IntegrityError was about the chat, which was deleted at the same moment
                raise NotFound.of(Chat)
            if (known.chat_id, known.digest) != (self._chat, self._digest):
                raise Conflict("This idempotency key was used for another message. Make a new key for each message.")
            chat = await session.get(Chat, self._chat)
            if chat is None or await session.get(Membership, (self._chat, self._viewer)) is None:
                raise NotFound.of(Chat)
            message = await session.get(Message, known.message_id)
            reply = await session.get(Message, known.reply_id) if known.reply_id else None
        if message is None:
            raise Conflict(
                "The message that was sent with this idempotency key was deleted. Make a new key to send it again."
            )
        return SentMessage(message, reply, chat)
