"""`Link`: a link to a chat, as its participants see it."""

from datetime import datetime

import strawberry

from api.accounts import users_by_id
from api.chats import Link as LinkRow
from api.chats import LinkRole
from api.graphql.execution.projection import related_field
from api.graphql.relay import global_id
from api.graphql.streamed import describe_enum
from api.schema.types.users import User

describe_enum(
    LinkRole,
    "LinkRole",
    "Purpose of a link to a chat.",
    placeholder=LinkRole.READER,
    READER="The link shows the chat to any number of people without an account.",
    PARTICIPANT="Users with the link may join the chat; see `joinChat`.",
)


@strawberry.type(description="A link to a chat. Its token is shown once, when it is created.")
class Link:
    row: strawberry.Private[LinkRow]

    id: strawberry.ID = strawberry.field(description="Opaque id of the link. It is not the token.")
    role: LinkRole = strawberry.field(description="Purpose of the link.")
    created_at: datetime = strawberry.field(description="Date and time when the link was created.")
    expires_at: datetime | None = strawberry.field(
        description="Date and time when the link expires. Null if it does not expire."
    )
    creator: User = related_field(
        users_by_id,
        lambda link: link.row.creator_id,
        User.of,
        description="The participant who created the link. This user and the owner of the chat may revoke it.",
    )

    @classmethod
    def of(cls, row: LinkRow) -> "Link":
        return cls(
            row=row,
            id=global_id("Link", row.id),
            role=row.role,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )
