"""The objects of the graph. Each wraps a row, or a snapshot of one, and reads from it."""

from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy import select

from api.accounts.models import User as UserRow
from api.accounts.reads import users_by_id
from api.chats.access import visible_chats
from api.chats.models import Chat as ChatRow
from api.chats.models import Message as MessageRow
from api.chats.models import MessageRole
from api.chats.reads import chats_by_id, participants_of
from api.errors import NotFound
from api.graphql.execution.projection import related_field, snapshot_field
from api.graphql.pagination import Part, Window, cursor
from api.graphql.relay import Node, global_id
from api.graphql.streamed import Streamed, describe_enum
from api.schema.context import Info

First = Annotated[int | None, strawberry.argument(description="So many from the start: 30 by default, at most 100.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[
    int | None, strawberry.argument(description="So many from the end, at most 100. Not together with `first`.")
]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]

ChatId = Annotated[strawberry.ID, strawberry.argument(description="The chat's.")]
MessageId = Annotated[strawberry.ID, strawberry.argument(description="The message's.")]


describe_enum(
    MessageRole,
    "MessageRole",
    "Role of a message's author in the conversation.",
    USER="Written by a participant.",
    ASSISTANT="Written by the assistant.",
)


@strawberry.type(description="Where a part of a list stands in the whole.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(description="Whether more come before.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last edge.")


@strawberry.type(description="A person.")
class User(Node):
    name: str = strawberry.field(description="What others see.")
    created_at: datetime = strawberry.field(description="When they signed up.")

    @classmethod
    def of(cls, row: UserRow) -> "User":
        return cls(id=global_id("User", row.id), name=row.name, created_at=row.created_at)


@strawberry.type(description="What a model took in and gave out, as its provider counted.")
class Usage:
    input_tokens: int | None = strawberry.field(description="Tokens of the history that it read.")
    output_tokens: int | None = strawberry.field(description="Tokens that it wrote.")


@strawberry.type(description="A message of a chat. While it is `streaming`, follow it with `messageStream`.")
class Message(Node, Streamed):
    row: strawberry.Private[MessageRow]

    @classmethod
    def of(cls, row: MessageRow) -> "Message":
        return cls(id=global_id("Message", row.id), row=row)

    @snapshot_field(description="The chat that it belongs to.")
    def chat_id(self) -> strawberry.ID:
        return global_id("Chat", self.row.chat_id)

    @strawberry.field(description="The chat that it belongs to.")
    async def chat(self, info: Info) -> "Chat":
        row = await info.context.load(chats_by_id, self.row.chat_id)
        if row is None:  # deleted since the message was read
            raise NotFound.of(ChatRow)
        return Chat.of(row)

    author: User | None = related_field(
        users_by_id,
        lambda message: message.row.author_id,
        User.of,
        description="The user who wrote the message; null if the assistant did.",
    )

    @snapshot_field(description="Who speaks.")
    def role(self) -> MessageRole:
        return self.row.role

    @snapshot_field(description="The text so far, in Markdown.")
    def content(self) -> str:
        return self.row.content

    @snapshot_field(description="What the model thought before it wrote, where it tells.")
    def reasoning(self) -> str | None:
        return self.row.reasoning

    @snapshot_field(description="The model that wrote it.")
    def model(self) -> str | None:
        return self.row.model

    @snapshot_field(description="Why the model stopped, in its provider's words.")
    def finish_reason(self) -> str | None:
        return self.row.finish_reason

    @snapshot_field(description="What it cost, once it is known.")
    def usage(self) -> Usage | None:
        if self.row.input_tokens is None and self.row.output_tokens is None:
            return None
        return Usage(input_tokens=self.row.input_tokens, output_tokens=self.row.output_tokens)

    @snapshot_field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @snapshot_field(description="When it last changed.")
    def updated_at(self) -> datetime:
        return self.row.updated_at


@strawberry.type(description="A message in its place.")
class MessageEdge:
    node: Message = strawberry.field(description="The message.")
    cursor: str = strawberry.field(description="Its place.")


@strawberry.type(description="A part of a chat's messages, in the order of their making.")
class MessageConnection:
    revision: int = strawberry.field(
        description="The chat's revision, as it was no later than these messages were read."
    )
    edges: list[MessageEdge] = strawberry.field(description="The messages.")
    page_info: PageInfo = strawberry.field(description="What is around them.")


@strawberry.type(description="A conversation between its participants and the assistant.")
class Chat(Node):
    __page__ = ChatRow

    row: strawberry.Private[ChatRow]

    @classmethod
    def of(cls, row: ChatRow) -> "Chat":
        return cls(id=global_id("Chat", row.id), row=row)

    @strawberry.field(description="What it is about.")
    def title(self) -> str:
        return self.row.title

    @strawberry.field(description="Who may remove others, and delete it.")
    async def owner(self, info: Info) -> User:
        row = await info.context.load(users_by_id, self.row.owner_id)
        if row is None:
            raise NotFound.of(UserRow)
        return User.of(row)

    @strawberry.field(description="Who takes part, whoever joined first leading.")
    async def participants(self, info: Info) -> list[User]:
        return [User.of(row) for row in await info.context.load(participants_of, self.row.id)]

    @strawberry.field(description="Its messages, in the order of their making.")
    async def messages(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MessageConnection:
        window = Window.of(first, after, last, before)
        own = select(MessageRow).where(MessageRow.chat_id == self.row.id)
        key = self.row.id

        async def find() -> tuple[int, Part[MessageRow]]:
            async with info.context.services.database.reading() as session:
                revision = await session.scalar(select(ChatRow.revision).where(ChatRow.id == key))
                return revision or 0, await window.read(session, own, [MessageRow.id])

        revision, part = await info.context.services.database.finish(find())
        info.context.spend(len(part.items))
        edges = [MessageEdge(node=Message.of(row), cursor=cursor(row.id)) for row in part.items]
        return MessageConnection(
            revision=revision, edges=edges, page_info=_page_info(part, [edge.cursor for edge in edges])
        )

    @strawberry.field(description="Rises when anything on its page changes outside the stream track.")
    def revision(self) -> int:
        return self.row.revision

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @strawberry.field(description="When it was last active.")
    def updated_at(self) -> datetime:
        return self.row.updated_at


@strawberry.type(description="A chat in its place.")
class ChatEdge:
    node: Chat = strawberry.field(description="The chat.")
    cursor: str = strawberry.field(description="Its place.")


@strawberry.type(description="A part of the viewer's chats, the most recently active first.")
class ChatConnection:
    revision: int = strawberry.field(
        description="The viewer's revision, as it was no later than these chats were read."
    )
    edges: list[ChatEdge] = strawberry.field(description="The chats.")
    page_info: PageInfo = strawberry.field(description="What is around them.")


@strawberry.type(description="The one who asks; all that depends on who that is lives here.")
class Viewer(Node):
    __page__ = UserRow

    row: strawberry.Private[UserRow]

    @classmethod
    def of(cls, row: UserRow) -> "Viewer":
        return cls(id=global_id("Viewer", row.id), row=row)

    @strawberry.field(description="What others see of them.")
    def user(self) -> User:
        return User.of(self.row)

    @strawberry.field(description="How they sign in.")
    def email(self) -> str:
        return self.row.email

    @strawberry.field(description="Rises when the list of their chats changes.")
    def revision(self) -> int:
        return self.row.revision

    @strawberry.field(description="Their chats, the most recently active first.")
    async def chats(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> ChatConnection:
        window, key = Window.of(first, after), self.row.id

        async def find() -> tuple[int, Part[ChatRow]]:
            async with info.context.services.database.reading() as session:
                revision = await session.scalar(select(UserRow.revision).where(UserRow.id == key))
                order = [ChatRow.updated_at, ChatRow.id]
                return revision or 0, await window.read(session, visible_chats(key), order, descending=True)

        revision, part = await info.context.services.database.finish(find())
        info.context.spend(len(part.items))
        edges = [ChatEdge(node=Chat.of(row), cursor=cursor(row.updated_at, row.id)) for row in part.items]
        return ChatConnection(
            revision=revision, edges=edges, page_info=_page_info(part, [edge.cursor for edge in edges])
        )


def _page_info(part: Part[MessageRow] | Part[ChatRow], cursors: list[str]) -> PageInfo:
    ends = (cursors[0], cursors[-1]) if cursors else (None, None)
    return PageInfo(
        has_next_page=part.has_next, has_previous_page=part.has_previous, start_cursor=ends[0], end_cursor=ends[1]
    )
