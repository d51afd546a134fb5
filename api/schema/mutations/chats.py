"""Mutations of chats and their participants."""

import strawberry

from api import chats, inputs
from api.graphql.relay import key_of
from api.schema.context import Info
from api.schema.types.chats import Chat


@strawberry.input(description="Input for creating a chat.")
class CreateChatInput:
    title: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Title of the chat, at most 200 characters. If omitted or empty, the chat is named after the "
        "first message that gives a title.",
    )


@strawberry.input(description="Input for renaming a chat.")
class RenameChatInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")
    title: str = strawberry.field(description="New title of the chat, 1 to 200 characters.")


@strawberry.input(description="Input for choosing when the assistant of a chat answers.")
class SetAssistantInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")
    assistant: chats.Assistant = strawberry.field(description="New mode of the chat's assistant.")


@strawberry.input(description="Input for deleting a chat.")
class DeleteChatInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")


@strawberry.input(description="Input for adding a participant to a chat.")
class ParticipantInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")
    email: str = strawberry.field(description="E-mail address of the user's account.")


@strawberry.input(description="Input for removing a participant from a chat.")
class RemoveParticipantInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")
    user_id: strawberry.ID = strawberry.field(
        description="Id of the user to remove. With the viewer's own user id, the viewer leaves the chat."
    )


@strawberry.type(description="The result of a change to a chat.")
class ChatPayload:
    chat: Chat | None = strawberry.field(description="The chat after the change; null if the viewer has left it.")


@strawberry.type(description="The result of a deletion.")
class DeletePayload:
    deleted_id: strawberry.ID = strawberry.field(description="Id of the deleted object.")


@strawberry.type
class ChatMutations:
    @strawberry.mutation(description="Creates a chat with the viewer as its owner and only participant.")
    async def create_chat(self, info: Info, input: CreateChatInput | None = strawberry.UNSET) -> ChatPayload:
        viewer = info.context.signed_in
        title = inputs.title(input.title) if input and input.title else None
        return ChatPayload(chat=Chat.of(await chats.create_chat(info.context.services.database, viewer, title)))

    @strawberry.mutation(
        description="Changes the title of a chat. Any participant may do this. Fails with NOT_FOUND for other users."
    )
    async def rename_chat(self, info: Info, input: RenameChatInput) -> ChatPayload:
        key, title, viewer = key_of("Chat", input.chat_id), inputs.title(input.title), info.context.signed_in
        return ChatPayload(chat=Chat.of(await chats.rename_chat(info.context.services.database, viewer, key, title)))

    @strawberry.mutation(
        description="Chooses when the assistant answers in a chat. Any participant may do this. Replies that are being "
        "written or wait go on."
    )
    async def set_assistant(self, info: Info, input: SetAssistantInput) -> ChatPayload:
        key, viewer = key_of("Chat", input.chat_id), info.context.signed_in
        row = await chats.set_assistant(info.context.services.database, viewer, key, input.assistant)
        return ChatPayload(chat=Chat.of(row))

    @strawberry.mutation(
        description="Deletes a chat with all its messages. Fails with FORBIDDEN unless the viewer is the owner."
    )
    async def delete_chat(self, info: Info, input: DeleteChatInput) -> DeletePayload:
        key, viewer = key_of("Chat", input.chat_id), info.context.signed_in
        await chats.delete_chat(info.context.services.database, viewer, key)
        return DeletePayload(deleted_id=input.chat_id)

    @strawberry.mutation(
        description="Adds a user to a chat by e-mail address. Any participant may do this; adding a participant again "
        "changes nothing. Fails with NOT_FOUND if no account has the address, with LIMIT_EXCEEDED if the chat has 100 "
        "participants, and with RATE_LIMITED beyond 30 attempts per minute."
    )
    async def add_participant(self, info: Info, input: ParticipantInput) -> ChatPayload:
        key, viewer, email = key_of("Chat", input.chat_id), info.context.signed_in, inputs.email_address(input.email)
        services = info.context.services
        row = await chats.add_participant(
            services.database, services.settings, services.accounts.rates, viewer, key, email
        )
        return ChatPayload(chat=Chat.of(row))

    @strawberry.mutation(
        description="Removes a participant from a chat. The owner may remove any participant. Other participants may "
        "remove only themselves, or it fails with FORBIDDEN. If the owner leaves, the participant who joined first "
        "becomes the owner. If the last participant leaves, the chat is deleted."
    )
    async def remove_participant(self, info: Info, input: RemoveParticipantInput) -> ChatPayload:
        key, leaver = key_of("Chat", input.chat_id), key_of("User", input.user_id)
        row = await chats.remove_participant(info.context.services.database, info.context.signed_in, key, leaver)
        return ChatPayload(chat=None if row is None else Chat.of(row))
