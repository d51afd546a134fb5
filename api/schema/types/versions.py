"""`MessageVersion`: one of the answers that a reply has had, and token usage."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import strawberry

from api.accounts import users_by_id
from api.chats import Message as MessageRow
from api.chats import MessageVersion as VersionRow
from api.chats import shown_version, version_texts
from api.graphql.execution.projection import joined_field, related_field, snapshot_field
from api.schema.types.users import User
from api.streaming.columns import Status


@strawberry.type(
    description="Token usage of a generated message, as counted by the provider. A count that the provider does not "
    "report, or reports wrongly, is null. `continueMessage` adds the tokens of the continuation."
)
class Usage:
    input_tokens: int | None = strawberry.field(description="Number of tokens in the prompt.")
    output_tokens: int | None = strawberry.field(description="Number of tokens that the model generated.")

    @classmethod
    def of(cls, row: MessageRow | VersionRow) -> "Usage | None":
        if row.input_tokens is None and row.output_tokens is None:
            return None
        return cls(input_tokens=row.input_tokens, output_tokens=row.output_tokens)


def _texts_key(version: "MessageVersion") -> tuple[UUID, int] | None:
    """The key of the texts, unless the version was made from its message, which has them."""
    return None if version.row.has_texts else (version.row.message_id, version.row.number)


def _content(version: "MessageVersion", loaded: tuple[str, str | None] | None) -> str:
    if _texts_key(version) is None:
        return version.row.content
    return loaded[0] if loaded else ""


def _reasoning(version: "MessageVersion", loaded: tuple[str, str | None] | None) -> str | None:
    if _texts_key(version) is None:
        return version.row.reasoning
    return loaded[1] if loaded else None


@strawberry.type(description="A version of a reply: one of the answers that it has had.")
class MessageVersion:
    row: strawberry.Private[VersionRow]

    @snapshot_field(description="Number of the version within its message, from 1 in the order of creation.")
    def number(self) -> int:
        return self.row.number

    content: str = joined_field(
        version_texts,
        _texts_key,
        _content,
        description="Text of the version in Markdown. If the version is streaming, the text so far.",
    )
    reasoning: str | None = joined_field(
        version_texts, _texts_key, _reasoning, description="The model's reasoning, if the provider exposes it."
    )

    @snapshot_field(description="Status of the version: streaming, or how it ended.")
    def status(self) -> Status:
        return self.row.status

    @snapshot_field(description="Name of the model that generated the version.")
    def model(self) -> str | None:
        return self.row.model

    @snapshot_field(description="Reason why the model stopped, in the words of `Message.finishReason`.")
    def finish_reason(self) -> str | None:
        return None if self.row.status is Status.STREAMING else self.row.finish_reason

    @snapshot_field(description="Token usage of the version; null until the provider reports it.")
    def usage(self) -> Usage | None:
        return Usage.of(self.row)

    regenerated_by: User | None = related_field(
        users_by_id,
        lambda version: version.row.regenerated_by_id,
        User.of,
        description="The participant who requested the version by regenerating the reply; null for the first answer.",
    )
    stopped_by: User | None = related_field(
        users_by_id,
        lambda version: version.row.stopped_by_id,
        User.of,
        description="The participant who stopped the version; null if it was not stopped by a participant.",
    )

    @snapshot_field(description="Date and time when the version was requested.")
    def created_at(self) -> datetime:
        return self.row.created_at


def versions_of(message: Any, stored: list[VersionRow] | None) -> list[MessageVersion]:
    """All versions of a message, the oldest first."""
    rows = [*(stored or ()), shown_version(cast(MessageRow, message.row))]
    return [MessageVersion(row=row) for row in sorted(rows, key=lambda row: row.number)]
