"""The models whose rows a schema lets clients follow."""

import strawberry

from api.graphql.execution.shared import shares_of
from api.graphql.sync import pages_of
from api.streaming.access import RevisedModel


def served_models(schema: strawberry.Schema) -> set[RevisedModel]:
    """The models of all stream fields of the schema, and those that `sync` follows. Each needs an access rule."""
    core = schema._schema
    fields = core.subscription_type.fields if core.subscription_type is not None else {}
    streamed: set[RevisedModel] = {
        shares.model for field in fields.values() if (shares := shares_of(field)) is not None
    }
    return streamed | set(pages_of(core).values())
