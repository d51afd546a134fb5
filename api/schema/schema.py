"""The executable schema."""

from datetime import UTC, datetime

import strawberry
from graphql import GraphQLSchema, get_named_type
from strawberry.schema.config import StrawberryConfig

from api.schema.mutations import Mutation
from api.schema.queries import Query
from api.schema.subscriptions import Subscription
from api.schema.types.chats import Chat, Message
from api.schema.types.users import User
from api.schema.types.viewer import Viewer


def utc(moment: datetime) -> str:
    """RFC 3339 in UTC, with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="Date and time in UTC, RFC 3339, for example `2026-11-25T12:00:00Z`.",
    serialize=utc,
    parse_value=datetime.fromisoformat,
)


def make_schema() -> strawberry.Schema:
    """Queries, mutations and subscriptions."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Chat, Message, User, Viewer],
        config=StrawberryConfig(scalar_map={datetime: DATE_TIME}),
    )
    _describe_inputs(schema._schema)
    return schema


def _describe_inputs(schema: GraphQLSchema) -> None:
    """Describe each mutation's argument like its input type: the field has no text of its own for it."""
    assert schema.mutation_type is not None
    for field in schema.mutation_type.fields.values():
        for argument in field.args.values():
            argument.description = get_named_type(argument.type).description
