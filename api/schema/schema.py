"""The executable schema, and its printed form."""

from datetime import UTC, datetime
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.schema.limits import DOCUMENT_LIMITS
from api.schema.mutations import Mutation
from api.schema.queries import Query
from api.schema.subscriptions import Subscription
from api.schema.types import Chat, Message, User, Viewer

DOCUMENTS_REMEMBERED = 500
"""Parsed and validated documents kept: more than a frontend has, few enough to bound what strangers can fill."""


def utc(moment: datetime) -> str:
    """RFC 3339 in UTC, with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


MOMENT = strawberry.scalar(
    name="DateTime", description="A moment: RFC 3339, UTC, with Z.", serialize=utc, parse_value=datetime.fromisoformat
)


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Told, masked and logged in `operations`, where the request's id is known."""


def make_schema() -> Schema:
    """Queries, mutations and subscriptions with the limits on what a document may ask."""
    caches: list[Any] = [
        lambda: ParserCache(maxsize=DOCUMENTS_REMEMBERED),
        lambda: ValidationCache(maxsize=DOCUMENTS_REMEMBERED),
    ]
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Chat, Message, User, Viewer],
        config=StrawberryConfig(scalar_map={datetime: MOMENT}),
        extensions=[*caches, *DOCUMENT_LIMITS],
    )
