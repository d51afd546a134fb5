"""The executable schema, and its printed form."""

from datetime import UTC, datetime

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from api.schema.limits import DOCUMENT_LIMITS
from api.schema.mutations import Mutation
from api.schema.queries import Query
from api.schema.subscriptions import Subscription
from api.schema.types import Chat, Message, User, Viewer


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
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Chat, Message, User, Viewer],
        config=StrawberryConfig(scalar_map={datetime: MOMENT}),
        extensions=DOCUMENT_LIMITS,
    )
