"""Messages: sent, stopped, regenerated, edited, deleted."""

import hashlib
from uuid import UUID

import strawberry
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.chats.models import Chat as ChatRow
from api.chats.models import IdempotencyKey, Membership, MessageRole
from api.chats.models import Message as MessageRow
from api.chats.titles import title_of
from api.errors import Conflict, Forbidden, NotFound
from api.graphql import relay
from api.inputs import KEY_CHARACTERS, text
from api.schema.context import Info
from api.schema.mutations.chats import UNTITLED, DeletePayload, taking_part
from api.schema.types import Chat, Message
from api.streaming.columns import Status, queue


@strawberry.input(description="What to send.")
class SendMessageInput:
    chat_id: strawberry.ID = strawberry.field(description="Where to.")
    content: str = strawberry.field(description="The text: at most 100,000 bytes.")
    idempotency_key: str = strawberry.field(
        description="Made by the client, one for each message: the same key again sends nothing twice. "
        "At most 100 characters."
    )
    reply: bool = strawberry.field(default=True, description="Whether the assistant answers.")


@strawberry.input(description="Which message.")
class MessageInput:
    message_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="A message's new text.")
class EditMessageInput:
    message_id: strawberry.ID = strawberry.field(description="Which message: one's own.")
    content: str = strawberry.field(description="The text: at most 100,000 bytes.")


@strawberry.type(description="What was sent, and the reply that is being started.")
class SendMessagePayload:
    message: Message = strawberry.field(description="One's own message.")
    reply: Message | None = strawberry.field(
        description="The assistant's; follow it with `messageStream` while it is streaming."
    )
    chat: Chat = strawberry.field(description="The chat, as it is with both.")


@strawberry.type(description="The message as it is now.")
class MessagePayload:
    message: Message = strawberry.field(description="The message.")


@strawberry.type
class Messages:
    @strawberry.mutation(
        description="Send a message. The same key with the same chat and content gives the original; with anything "
        "else: CONFLICT. A chat that nobody has named is named after it."
    )
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload:
        viewer, chat = info.context.signed_in, relay.key_of("Chat", input.chat_id)
        key = text(input.idempotency_key, "idempotency key", most=KEY_CHARACTERS)
        content = text(input.content, "message", most_bytes=info.context.services.settings.message_bytes)
        sending = _Sending(viewer, chat, key, content, reply=input.reply)
        try:
            return await sending.send(info)
        except IntegrityError:
            return await sending.repeat(info)  # the same key arrived twice at the same moment

    @strawberry.mutation(
        description="Stop a reply, from any tab; any participant may. The text so far stays. "
        "One that is finished stays as it is."
    )
    async def stop_message(self, info: Info, input: MessageInput) -> MessagePayload:
        async with info.context.services.database.transaction() as session:
            message = await _locked(session, input.message_id, info.context.signed_in)
            if message.streaming:
                message.status = Status.STOPPED
        return MessagePayload(message=Message.of(message))

    @strawberry.mutation(
        description="Have a finished reply written once more; any participant may. While it streams: CONFLICT."
    )
    async def regenerate_message(self, info: Info, input: MessageInput) -> MessagePayload:
        async with info.context.services.database.transaction() as session:
            message = await _locked(session, input.message_id, info.context.signed_in)
            if message.role is not MessageRole.ASSISTANT:
                raise Forbidden("Only the assistant's messages can be written again. Edit your own instead.")
            if message.streaming:
                raise Conflict("This reply is still being written. Stop it first.")
            message.content, message.reasoning, message.finish_reason = "", None, None
            message.input_tokens = message.output_tokens = None
            queue(message, info.context.services.settings.queue_seconds)
        return MessagePayload(message=Message.of(message))

    @strawberry.mutation(description="Change the text of one's own message.")
    async def edit_message(self, info: Info, input: EditMessageInput) -> MessagePayload:
        viewer = info.context.signed_in
        content = text(input.content, "message", most_bytes=info.context.services.settings.message_bytes)
        async with info.context.services.database.transaction() as session:
            message = await _locked(session, input.message_id, viewer)
            if message.streaming:
                raise Conflict("This message is still being written. Stop it first.")
            if message.author_id != viewer:
                raise Forbidden("Only its author may edit a message.")
            message.content = content
        return MessagePayload(message=Message.of(message))

    @strawberry.mutation(description="Delete one's own message, or a reply; in mid-stream it is stopped too.")
    async def delete_message(self, info: Info, input: MessageInput) -> DeletePayload:
        viewer = info.context.signed_in
        async with info.context.services.database.transaction() as session:
            message = await _locked(session, input.message_id, viewer)
            if message.author_id not in (viewer, None):
                raise Forbidden("Only its author may delete a message.")
            await session.delete(message)
        return DeletePayload(deleted_id=input.message_id)


class _Sending:
    """One attempt to send, which may turn out to be a repeat."""

    def __init__(self, viewer: UUID, chat: UUID, key: str, content: str, *, reply: bool) -> None:
        self.viewer, self.chat, self.key, self.content, self.reply = viewer, chat, key, content, reply
        self.digest = hashlib.sha256(content.encode()).digest()

    async def send(self, info: Info) -> SendMessagePayload:
        """Raises IntegrityError when the key was used in this very moment."""
        settings = info.context.services.settings
        async with info.context.services.database.transaction() as session:
            if await session.get(IdempotencyKey, (self.viewer, self.key)) is None:
                await taking_part(session, self.chat, self.viewer)
                message = MessageRow(
                    chat_id=self.chat, author_id=self.viewer, role=MessageRole.USER, content=self.content
                )
                session.add(message)
                await session.flush()  # the message is made before its reply
                reply = None
                if self.reply:
                    reply = MessageRow(
                        chat_id=self.chat,
                        role=MessageRole.ASSISTANT,
                        model=settings.model.partition("?")[0],
                        content="",
                    )
                    queue(reply, settings.queue_seconds)
                    session.add(reply)
                    await session.flush()
                sent = IdempotencyKey(
                    author_id=self.viewer,
                    key=self.key,
                    chat_id=self.chat,
                    digest=self.digest,
                    message_id=message.id,
                    reply_id=reply and reply.id,
                )
                session.add(sent)
                await self._name(session)
        return await self.repeat(info)

    async def _name(self, session: AsyncSession) -> None:
        """A chat that nobody has named, in the same step: its revision rises by one either way."""
        chat = await session.get(ChatRow, self.chat)
        if chat is not None and chat.title == UNTITLED and (title := title_of(self.content)):
            chat.title = title

    async def repeat(self, info: Info) -> SendMessagePayload:
        """What the key stands for, as it is now. Raises Conflict for another chat or content, or if it was deleted."""
        async with info.context.services.database.reading() as session:
            sent = await session.get(IdempotencyKey, (self.viewer, self.key))
            if sent is None:  # it was the chat that vanished at the same moment, not the key that came twice
                raise NotFound.of(ChatRow)
            if (sent.chat_id, sent.digest) != (self.chat, self.digest):
                raise Conflict("This idempotency key was used for another message. Make a new key for each message.")
            chat = await session.get(ChatRow, self.chat)
            if chat is None or await session.get(Membership, (self.chat, self.viewer)) is None:
                raise NotFound.of(ChatRow)
            message = await session.get(MessageRow, sent.message_id)
            reply = await session.get(MessageRow, sent.reply_id) if sent.reply_id else None
        if message is None:
            raise Conflict(
                "The message that this idempotency key stands for was deleted. Make a new key to send it anew."
            )
        return SendMessagePayload(
            message=Message.of(message), reply=None if reply is None else Message.of(reply), chat=Chat.of(chat)
        )


async def _locked(session: AsyncSession, id: str, viewer: UUID) -> MessageRow:
    """The message, locked, if the viewer takes part in its chat. Raises NotFound."""
    key = relay.key_of("Message", id)
    chat = await session.scalar(select(MessageRow.chat_id).where(MessageRow.id == key))
    if chat is None:
        raise NotFound.of(MessageRow)
    await taking_part(session, chat, viewer, sought=MessageRow)
    message = await session.get(MessageRow, key, with_for_update=True)
    if message is None:
        raise NotFound.of(MessageRow)
    return message
