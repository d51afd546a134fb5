"""`Chat` and `Message`, with their connections. Each of the two leads to the other, so they stand in one file."""

from datetime import datetime

import strawberry

from api.accounts import users_by_id
from api.chats import (
    Assistant,
    MessageRole,
    chats_by_id,
    chats_with_replies,
    links_of,
    messages_of,
    participants_of,
    stored_versions,
    unread_counts,
    versions_key,
)
from api.chats import Chat as ChatRow
from api.chats import Message as MessageRow
from api.errors import NotFound
from api.graphql.execution.projection import joined_field, related_field, snapshot_field
from api.graphql.pagination import After, Before, First, Last, PageInfo, page_info, window
from api.graphql.relay import Node, global_id
from api.graphql.streamed import Streamed, describe_enum
from api.schema.context import Info
from api.schema.types.links import Link
from api.schema.types.users import User
from api.schema.types.versions import MessageVersion, Usage, versions_of

describe_enum(
    MessageRole,
    "MessageRole",
    "Role of a message's author in the conversation.",
    placeholder=MessageRole.ASSISTANT,
    USER="A participant wrote the message.",
    ASSISTANT="The assistant wrote the message.",
)


describe_enum(
    Assistant,
    "Assistant",
    "Mode of a chat's assistant: which messages it answers.",
    placeholder=Assistant.ALWAYS,
    ALWAYS="The assistant answers every message.",
    WHEN_ASKED="The assistant answers messages that mention `@assistant`, or that are sent with `reply: true`.",
    NONE="The assistant answers only messages sent with `reply: true`. Agents in the chat may answer the others.",
)


@strawberry.type(
    description="A message of a chat, written by a participant or by the assistant. While `streaming` is true, "
    "subscribe to `messageStream`."
)
class Message(Node, Streamed):
    row: strawberry.Private[MessageRow]

    @snapshot_field(description="Id of the chat that contains the message.")
    def chat_id(self) -> strawberry.ID:
        return global_id("Chat", self.row.chat_id)

    @strawberry.field(
        description="The chat that contains the message. Fails with NOT_FOUND if the chat was deleted in the meantime."
    )
    async def chat(self, info: Info) -> "Chat":
        row = await info.context.load(chats_by_id, self.row.chat_id)
        if row is None:
            raise NotFound.of(ChatRow)
        return Chat.of(row)

    author: User | None = related_field(
        users_by_id,
        lambda message: message.row.author_id,
        User.of,
        description="The user who wrote the message; null if this server's assistant wrote it. An agent that writes "
        "replies with `startReply` is their author.",
    )

    @snapshot_field(
        description="Id of the message that this reply answers, if a participant wrote the reply with `startReply` and "
        "named one. The message may be deleted by now."
    )
    def reply_to(self) -> strawberry.ID | None:
        return None if self.row.reply_to_id is None else global_id("Message", self.row.reply_to_id)

    @snapshot_field(description="Role of the message's author in the conversation.")
    def role(self) -> MessageRole:
        return self.row.role

    @snapshot_field(description="Text of the message in Markdown. While the message streams, the text so far.")
    def content(self) -> str:
        return self.row.content

    @snapshot_field(description="The model's reasoning, if the provider exposes it.")
    def reasoning(self) -> str | None:
        return self.row.reasoning

    @snapshot_field(description="Name of the model that generates the message; null if a user wrote it.")
    def model(self) -> str | None:
        return self.row.model

    @snapshot_field(
        description="Reason why the model stopped, in the same words for all providers: `stop` (the answer is "
        "finished), `length` (it reached its limit of length; see `continueMessage`), `content_filter` (the provider "
        "withheld it, or the rest), `tool_calls` (the model called a tool, and chats have none), `error` (the provider "
        "had a problem) or `other`. Null while the message streams, and if it ended before the model gave a reason."
    )
    def finish_reason(self) -> str | None:
        return None if self.row.streaming else self.row.finish_reason

    @snapshot_field(
        description="Reason why the model stopped, in the provider's own word, at most 100 characters. Null while the "
        "message streams, and if the provider gave none."
    )
    def provider_finish_reason(self) -> str | None:
        return None if self.row.streaming else self.row.provider_finish_reason or None

    @snapshot_field(
        description="Text for people about what the assistant is doing, for example `Waiting for the provider, 4 s`. "
        "Null if there is nothing to report, while text arrives, and after the message is final."
    )
    def activity(self) -> str | None:
        return self.row.activity or None if self.row.streaming else None

    @snapshot_field(description="Token usage of the message; null until the provider reports it.")
    def usage(self) -> Usage | None:
        return Usage.of(self.row)

    @snapshot_field(
        description="Number of the version that the message shows. Regenerating a reply that has text adds a version; "
        "`selectVersion` shows another one."
    )
    def version(self) -> int:
        return self.row.version

    versions: list[MessageVersion] = joined_field(
        stored_versions,
        lambda message: versions_key(message.row),
        versions_of,
        description="Versions of the message, with the one that it shows, the oldest first. At most 20: beyond them, "
        "the oldest is deleted.",
    )
    stopped_by: User | None = related_field(
        users_by_id,
        lambda message: message.row.stopped_by_id,
        User.of,
        description="The participant who stopped the message; null if no participant did.",
    )
    regenerated_by: User | None = related_field(
        users_by_id,
        lambda message: message.row.regenerated_by_id,
        User.of,
        description="The participant who requested the shown version by regenerating the reply; null for the first "
        "answer.",
    )

    @snapshot_field(description="Date and time when the author last edited the message; null if it was not edited.")
    def edited_at(self) -> datetime | None:
        return self.row.edited_at

    @snapshot_field(description="Date and time when the message was created.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @snapshot_field(description="Date and time when the message last changed.")
    def updated_at(self) -> datetime:
        return self.row.updated_at


@strawberry.type(description="A message in a connection, with its cursor.")
class MessageEdge:
    node: Message = strawberry.field(description="The message at this edge.")
    cursor: str = strawberry.field(description="Cursor of the message, for use in pagination.")


@strawberry.type(description="A page of a chat's messages, oldest first.")
class MessageConnection:
    revision: int = strawberry.field(
        description="Revision of the chat, read no later than these messages. Refetch when `sync` sends a greater one."
    )
    edges: list[MessageEdge] = strawberry.field(description="Messages of this page, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Information to aid in pagination.")


@strawberry.type(description="A conversation between its participants and the assistant.")
class Chat(Node):
    __model__ = ChatRow

    row: strawberry.Private[ChatRow]

    @snapshot_field(
        description="Title of the chat, at most 200 characters. `New chat` until the chat is renamed or named after a "
        "message."
    )
    def title(self) -> str:
        return self.row.title

    owner: User = related_field(
        users_by_id,
        lambda chat: chat.row.owner_id,
        User.of,
        description="The participant who may remove other participants and delete the chat.",
    )

    @strawberry.field(description="Users who may read and write in the chat, in the order of joining. At most 100.")
    async def participants(self, info: Info) -> list[User]:
        return [User.of(row) for row in await info.context.load(participants_of, self.row.id)]

    @strawberry.field(
        description="Messages of the chat, oldest first. A page of very long messages ends early; `pageInfo` says so."
    )
    async def messages(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MessageConnection:
        asked = window(first, after, last, before)
        info.context.expect(asked.count)
        services = info.context.services
        most_bytes = services.settings.answer_bytes // 2
        revision, found = await messages_of(services.database, self.row.id, asked, most_bytes)
        info.context.spend(len(found.items), (text for row in found.items for text in (row.content, row.reasoning)))
        edges = [
            MessageEdge(node=Message.of(row), cursor=cursor)
            for row, cursor in zip(found.items, found.cursors, strict=True)
        ]
        return MessageConnection(revision=revision, edges=edges, page_info=page_info(found))

    @strawberry.field(
        description="Links to the chat, the newest first. At most 50. Fails with FORBIDDEN for guests who came by one."
    )
    async def links(self, info: Info) -> list[Link]:
        info.context.require_user()
        rows = await info.context.load(links_of, self.row.id)
        info.context.spend(len(rows))
        return [Link.of(row) for row in rows]

    @snapshot_field(description="Mode of the chat's assistant: which messages it answers.")
    def assistant(self) -> Assistant:
        return self.row.assistant

    @snapshot_field(
        description="Revision of the chat. Rises when the chat, its participants or its messages change, but not "
        "with the text of a message that streams."
    )
    def revision(self) -> int:
        return self.row.revision

    @snapshot_field(description="Date and time when the chat was created.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @snapshot_field(description="Date and time of the chat's latest activity.")
    def updated_at(self) -> datetime:
        return self.row.updated_at


@strawberry.type(description="A chat in a connection, with its cursor.")
class ChatEdge:
    node: Chat = strawberry.field(description="The chat at this edge.")
    cursor: str = strawberry.field(description="Cursor of the chat, for use in pagination.")

    @strawberry.field(
        description="Number of unread messages: those of other participants and finished replies after the last "
        "message that the viewer has marked as read. Counted up to 1,000."
    )
    async def unread_count(self, info: Info) -> int:
        return await info.context.load(unread_counts, (info.context.signed_in, self.node.row.id))

    @strawberry.field(
        description="True while a reply in the chat is being written or waits for its turn. The end of a reply does "
        "not raise the viewer's revision: refetch now and then while this is true."
    )
    async def replying(self, info: Info) -> bool:
        return await info.context.load(chats_with_replies, self.node.row.id)


@strawberry.type(description="A page of the viewer's chats, most recently active first.")
class ChatConnection:
    revision: int = strawberry.field(
        description="Revision of the viewer, read no later than these chats. Refetch when `sync` sends a greater one."
    )
    edges: list[ChatEdge] = strawberry.field(description="Chats of this page, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Information to aid in pagination.")
