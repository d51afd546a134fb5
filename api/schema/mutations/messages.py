"""Mutations of messages."""

import strawberry

from api import chats, inputs
from api.graphql.relay import key_of
from api.schema.context import Info
from api.schema.mutations.chats import DeletePayload
from api.schema.types.chats import Chat, Message


@strawberry.input(description="Input for sending a message.")
class SendMessageInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")
    content: str = strawberry.field(description="Text of the message in Markdown, at most 100,000 bytes of UTF-8.")
    idempotency_key: str = strawberry.field(
        description="Idempotency key of 1 to 100 characters, such as a UUID. The client makes one for each message and "
        "repeats it with every attempt, so that the message is sent only once."
    )
    reply: bool | None = strawberry.field(
        default=None,
        description="Whether the assistant replies to the message. Null: as the chat's `assistant` says.",
    )


@strawberry.input(description="Input that names a message.")
class MessageInput:
    message_id: strawberry.ID = strawberry.field(description="Id of the message.")


@strawberry.input(description="Input for selecting a version of a reply.")
class SelectVersionInput:
    message_id: strawberry.ID = strawberry.field(description="Id of the message.")
    number: int = strawberry.field(description="Number of the version to show, one of the message's `versions`.")


@strawberry.input(description="Input for marking a chat as read.")
class MarkReadInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")
    message_id: strawberry.ID = strawberry.field(description="Id of the last message that the viewer has read.")


@strawberry.input(description="Input for editing a message.")
class EditMessageInput:
    message_id: strawberry.ID = strawberry.field(description="Id of a message that the viewer wrote.")
    content: str = strawberry.field(description="New text of the message in Markdown, at most 100,000 bytes of UTF-8.")


@strawberry.type(description="The result of sending a message: the message and its reply.")
class SendMessagePayload:
    message: Message = strawberry.field(description="The message that was sent.")
    reply: Message | None = strawberry.field(
        description="The assistant's reply; null if none was requested or it was deleted. While it streams, subscribe "
        "to `messageStream`."
    )
    chat: Chat = strawberry.field(description="The chat, with a revision that includes the message and its reply.")


@strawberry.type(description="The result of a change to a message.")
class MessagePayload:
    message: Message = strawberry.field(description="The message after the change.")


@strawberry.type(description="The result of marking a chat as read.")
class MarkReadPayload:
    chat: Chat = strawberry.field(description="The chat that was marked.")
    unread_count: int = strawberry.field(description="Number of messages in the chat that are still unread.")


@strawberry.type
class MessageMutations:
    @strawberry.mutation(
        description="Sends a message, and queues the assistant's reply if one is wanted. A repeated idempotency key "
        "with the same chat and content returns the original message. Fails with CONFLICT if the key was used for "
        "anything else, or if its message was deleted, with LIMIT_EXCEEDED if a quota of the viewer is used up (see "
        "`Viewer.allowance`), and with RATE_LIMITED beyond 60 messages per minute. A chat without a title is named "
        "after the message."
    )
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload:
        viewer, chat = info.context.signed_in, key_of("Chat", input.chat_id)
        settings, database = info.context.services.settings, info.context.services.database
        key, content = (
            inputs.idempotency_key(input.idempotency_key),
            inputs.content(input.content, settings.message_bytes),
        )
        sent = await chats.send_message(
            database, settings, info.context.services.quotas, viewer, chat, key, content, reply=input.reply
        )
        reply = None if sent.reply is None else Message.of(sent.reply)
        return SendMessagePayload(message=Message.of(sent.message), reply=reply, chat=Chat.of(sent.chat))

    @strawberry.mutation(
        description="Stops a reply that is streaming and keeps its text. Any participant may do this. A message that "
        "is not streaming is returned unchanged."
    )
    async def stop_message(self, info: Info, input: MessageInput) -> MessagePayload:
        viewer, key = info.context.signed_in, key_of("Message", input.message_id)
        return MessagePayload(message=Message.of(await chats.stop_message(info.context.services.database, viewer, key)))

    @strawberry.mutation(
        description="Generates a finished reply again. The text that it had is kept in `versions`. Any participant may "
        "do this. Fails with CONFLICT while the reply is streaming, and with FORBIDDEN for messages that a user wrote."
    )
    async def regenerate_message(self, info: Info, input: MessageInput) -> MessagePayload:
        viewer, key = info.context.signed_in, key_of("Message", input.message_id)
        services = info.context.services
        row = await chats.regenerate_message(services.database, services.settings, services.quotas, viewer, key)
        return MessagePayload(message=Message.of(row))

    @strawberry.mutation(
        description="Shows another version of a reply. Any participant may do this, and all see the change. Fails with "
        "CONFLICT while the reply is streaming, and with NOT_FOUND if the message has no version with this number."
    )
    async def select_version(self, info: Info, input: SelectVersionInput) -> MessagePayload:
        viewer, key = info.context.signed_in, key_of("Message", input.message_id)
        row = await chats.select_version(info.context.services.database, viewer, key, input.number)
        return MessagePayload(message=Message.of(row))

    @strawberry.mutation(
        description="Marks the messages of a chat as read, up to and including the given one. A mark never moves "
        "back. Raises only the viewer's revision, so no other participant's page refetches."
    )
    async def mark_read(self, info: Info, input: MarkReadInput) -> MarkReadPayload:
        viewer, database = info.context.signed_in, info.context.services.database
        chat, message = key_of("Chat", input.chat_id), key_of("Message", input.message_id)
        row = await chats.mark_read(database, viewer, chat, message)
        return MarkReadPayload(
            chat=Chat.of(row), unread_count=await info.context.load(chats.unread_counts, (viewer, chat))
        )

    @strawberry.mutation(
        description="Continues a reply whose `finishReason` is `length`: it streams again, and new text is appended. "
        "Any participant may do this. Fails with CONFLICT while the reply is streaming, if its `finishReason` is not "
        "`length` or if it has no text, and with FORBIDDEN for messages that a user wrote."
    )
    async def continue_message(self, info: Info, input: MessageInput) -> MessagePayload:
        viewer, key = info.context.signed_in, key_of("Message", input.message_id)
        services = info.context.services
        row = await chats.continue_message(services.database, services.settings, services.quotas, viewer, key)
        return MessagePayload(message=Message.of(row))

    @strawberry.mutation(
        description="Replaces the text of a message. Fails with FORBIDDEN unless the viewer wrote it, and with "
        "CONFLICT while it is streaming."
    )
    async def edit_message(self, info: Info, input: EditMessageInput) -> MessagePayload:
        viewer, services = info.context.signed_in, info.context.services
        content = inputs.content(input.content, services.settings.message_bytes)
        key = key_of("Message", input.message_id)
        row = await chats.edit_message(services.database, services.quotas, viewer, key, content)
        return MessagePayload(message=Message.of(row))

    @strawberry.mutation(
        description="Deletes a message that the viewer wrote, or any reply of the assistant. A reply that is "
        "streaming is stopped. Fails with FORBIDDEN for messages of other users."
    )
    async def delete_message(self, info: Info, input: MessageInput) -> DeletePayload:
        viewer, key = info.context.signed_in, key_of("Message", input.message_id)
        await chats.delete_message(info.context.services.database, viewer, key)
        return DeletePayload(deleted_id=input.message_id)
