"""`Allowance`: what the viewer has used, and the limits."""

from typing import Self

import strawberry

from api.chats import Allowance as AllowanceRow

LARGEST = 2**31 - 1
"""The largest `Int` of GraphQL."""


@strawberry.type(description="Quotas of the viewer. A limit of 0 is no limit.")
class Allowance:
    replies_at_once: int = strawberry.field(
        description="Limit of replies that are written for the viewer at the same time. Up to 20 more wait."
    )
    tokens_today: int = strawberry.field(
        description="Tokens of the replies that the viewer has requested since midnight UTC, including stopped and "
        "failed ones. Estimated where the provider counted none."
    )
    tokens_per_day: int = strawberry.field(description="Limit of `tokensToday`.")
    stored_bytes: int = strawberry.field(
        description="Bytes of the messages that the viewer wrote and of the replies that the viewer requested, in the "
        "viewer's chats. Exact to a minute."
    )
    most_stored_bytes: int = strawberry.field(description="Limit of `storedBytes`.")

    @classmethod
    def of(cls, row: AllowanceRow) -> Self:
        return cls(
            replies_at_once=row.replies_at_once,
            tokens_today=min(row.tokens_today, LARGEST),
            tokens_per_day=min(row.tokens_per_day, LARGEST),
            stored_bytes=min(row.stored_bytes, LARGEST),
            most_stored_bytes=min(row.most_stored_bytes, LARGEST),
        )
