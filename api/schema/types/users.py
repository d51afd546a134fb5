"""`User`: what other users see of an account."""

from datetime import datetime

import strawberry

from api.accounts import User as UserRow
from api.graphql.relay import Node, global_id


@strawberry.type(description="A user as other users see them.")
class User(Node):
    name: str = strawberry.field(description="Name that other users see, at most 100 characters.")
    created_at: datetime = strawberry.field(description="Date and time when the account was created.")

    @classmethod
    def of(cls, row: UserRow) -> "User":
        return cls(id=global_id("User", row.id), name=row.name, created_at=row.created_at)
