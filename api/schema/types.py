"""The objects of the graph. Each wraps a row, or a snapshot of one, and reads from it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import strawberry
from sqlalchemy import select

from api import models
from api.auth import visible_chats
from api.errors import gone
from api.schema.context import Info
from api.schema.ids import global_id
from api.schema.projection import OF_SNAPSHOT, NeedsMore, of_snapshot
from api.schema.windows import Part, Window, cursor
from api.streaming.rows import Status

First = Annotated[int | None, strawberry.argument(description="So many from the start: 30 by default, at most 100.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[
    int | None, strawberry.argument(description="So many from the end, at most 100. Not together with `first`.")
]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]

ChatId = Annotated[strawberry.ID, strawberry.argument(description="The chat's.")]
MessageId = Annotated[strawberry.ID, strawberry.argument(description="The message's.")]


class MessageErrorCode(StrEnum):
    INTERRUPTED = "INTERRUPTED"
    PROVIDER = "PROVIDER"
    TIMEOUT = "TIMEOUT"
    TOO_LONG = "TOO_LONG"


def _show(kind: type[StrEnum], name: str, description: str, **values: str) -> None:
    """Put an enum into the schema, with a description of each of its values."""
    shown: Any = strawberry.enum(kind, name=name, description=description)
    for value in shown.__strawberry_definition__.values:
        value.description = values[value.name]


_show(
    models.MessageRole,
    "MessageRole",
    "Who speaks in a message.",
    USER="A participant.",
    ASSISTANT="The model.",
)
_show(
    Status,
    "MessageStatus",
    "Where a message stands. All but STREAMING are final.",
    STREAMING="It is being written, or waits for a writer: follow it with `messageStream`.",
    COMPLETE="It is all there.",
    STOPPED="A participant stopped it; the text so far stays.",
    FAILED="It broke off, and `error` says why; the text so far stays.",
)
_show(
    MessageErrorCode,
    "MessageErrorCode",
    "Why a message FAILED.",
    INTERRUPTED="Whoever was writing it stopped.",
    PROVIDER="The model's provider refused or broke off.",
    TIMEOUT="The model was silent too long, or nobody was free to write.",
    TOO_LONG="It outgrew the limit.",
)


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, and unique over all types.")


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
    def of(cls, row: models.User) -> "User":
        return cls(id=global_id("User", row.id), name=row.name, created_at=row.created_at)


@strawberry.type(description="What a model took in and gave out, as its provider counted.")
class Usage:
    input_tokens: int | None = strawberry.field(description="Tokens of the history that it read.")
    output_tokens: int | None = strawberry.field(description="Tokens that it wrote.")


@strawberry.type(description="Why a message FAILED.")
class MessageError:
    code: MessageErrorCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people: what happened, and what to do.")


@strawberry.type(description="A message of a chat. While it is `streaming`, follow it with `messageStream`.")
class Message(Node):
    row: strawberry.Private[models.Message]

    @classmethod
    def of(cls, row: models.Message) -> "Message":
        return cls(id=global_id("Message", row.id), row=row)

    @of_snapshot(description="The chat that it belongs to.")
    def chat_id(self) -> strawberry.ID:
        return global_id("Chat", self.row.chat_id)

    @strawberry.field(description="The chat that it belongs to.")
    async def chat(self, info: Info) -> "Chat":
        row = await info.context.chats.load(self.row.chat_id)
        if row is None:  # deleted since the message was read
            raise gone(models.Chat)
        return Chat.of(row)

    def _author_of_snapshot(self) -> None:
        """What is written as one watches is the assistant's."""
        if self.row.author_id is not None:
            raise NeedsMore

    @strawberry.field(description="Who wrote it; null: the assistant.", metadata={OF_SNAPSHOT: _author_of_snapshot})
    async def author(self, info: Info) -> User | None:
        if self.row.author_id is None:
            return None
        row = await info.context.users.load(self.row.author_id)
        return None if row is None else User.of(row)

    @of_snapshot(description="Who speaks.")
    def role(self) -> models.MessageRole:
        return self.row.role

    @of_snapshot(description="The text so far, in Markdown.")
    def content(self) -> str:
        return self.row.content

    @of_snapshot(description="What the model thought before it wrote, where it tells.")
    def reasoning(self) -> str | None:
        return self.row.reasoning

    @of_snapshot(description="Where it stands.")
    def status(self) -> Status:
        return self.row.status

    @of_snapshot(description="Whether it is still being written: `status == STREAMING`.")
    def streaming(self) -> bool:
        return self.row.streaming

    @of_snapshot(description="Why it FAILED.")
    def error(self) -> MessageError | None:
        if self.row.error_code is None:
            return None
        return MessageError(code=MessageErrorCode(self.row.error_code), message=self.row.error_message or "")

    @of_snapshot(description="Rises with every change. Of two versions, the greater is the newer.")
    def revision(self) -> int:
        return self.row.revision

    @of_snapshot(description="The model that wrote it.")
    def model(self) -> str | None:
        return self.row.model

    @of_snapshot(description="Why the model stopped, in its provider's words.")
    def finish_reason(self) -> str | None:
        return self.row.finish_reason

    @of_snapshot(description="What it cost, once it is known.")
    def usage(self) -> Usage | None:
        if self.row.input_tokens is None and self.row.output_tokens is None:
            return None
        return Usage(input_tokens=self.row.input_tokens, output_tokens=self.row.output_tokens)

    @of_snapshot(description="When it was made.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @of_snapshot(description="When it last changed.")
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
    row: strawberry.Private[models.Chat]

    @classmethod
    def of(cls, row: models.Chat) -> "Chat":
        return cls(id=global_id("Chat", row.id), row=row)

    @strawberry.field(description="What it is about.")
    def title(self) -> str:
        return self.row.title

    @strawberry.field(description="Who may remove others, and delete it.")
    async def owner(self, info: Info) -> User:
        row = await info.context.users.load(self.row.owner_id)
        if row is None:
            raise gone(models.User)
        return User.of(row)

    @strawberry.field(description="Who takes part, whoever joined first leading.")
    async def participants(self, info: Info) -> list[User]:
        return [User.of(row) for row in await info.context.participants.load(self.row.id)]

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
        own = select(models.Message).where(models.Message.chat_id == self.row.id)
        key = self.row.id

        async def find() -> tuple[int, Part[models.Message]]:
            async with info.context.server.database.reading() as session:
                revision = await session.scalar(select(models.Chat.revision).where(models.Chat.id == key))
                return revision or 0, await window.read(session, own, [models.Message.id])

        revision, part = await info.context.server.database.finish(find())
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
    row: strawberry.Private[models.User]

    @classmethod
    def of(cls, row: models.User) -> "Viewer":
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

        async def find() -> tuple[int, Part[models.Chat]]:
            async with info.context.server.database.reading() as session:
                revision = await session.scalar(select(models.User.revision).where(models.User.id == key))
                order = [models.Chat.updated_at, models.Chat.id]
                return revision or 0, await window.read(session, visible_chats(key), order, descending=True)

        revision, part = await info.context.server.database.finish(find())
        info.context.spend(len(part.items))
        edges = [ChatEdge(node=Chat.of(row), cursor=cursor(row.updated_at, row.id)) for row in part.items]
        return ChatConnection(
            revision=revision, edges=edges, page_info=_page_info(part, [edge.cursor for edge in edges])
        )


def _page_info(part: Part[models.Message] | Part[models.Chat], cursors: list[str]) -> PageInfo:
    ends = (cursors[0], cursors[-1]) if cursors else (None, None)
    return PageInfo(
        has_next_page=part.has_next, has_previous_page=part.has_previous, start_cursor=ends[0], end_cursor=ends[1]
    )
