"""Query fields that fetch one object by its id, if the access rule of its model lets the viewer see it.

    @strawberry.type
    class Query:
        node = node_field(Note, Viewer)
        note = object_field(Note)

Each type names its model, `__model__ = NoteRow`, and wraps a row by `of(row)`.
"""

from typing import Annotated, Any

import strawberry

from api.graphql.context import Info
from api.graphql.relay import Node, key_of, read


def object_field(graphql_type: Any, *, description: str | None = None) -> Any:
    """A field with an `id` argument: the object, or null if it does not exist or is not visible to the viewer."""
    name = graphql_type.__name__
    Id = Annotated[strawberry.ID, strawberry.argument(description=f"Id of the {name}.")]

    async def resolve(info: Info, id: strawberry.ID) -> Any:
        row = await info.context.visible(graphql_type.__model__, key_of(name, id))
        return None if row is None else graphql_type.of(row)

    resolve.__annotations__ |= {"id": Id, "return": graphql_type | None}
    described = f"Fetches a {name} by its id; null if it does not exist or is not visible to the viewer."
    return strawberry.field(resolver=resolve, description=description or described)


def node_field(*graphql_types: Any) -> Any:
    """Relay's `node`: an object of one of these types by its id, or null."""
    by_name = {graphql_type.__name__: graphql_type for graphql_type in graphql_types}
    Id = Annotated[strawberry.ID, strawberry.argument(description="Id of the object, exactly as it was received.")]

    async def node(info: Info, id: strawberry.ID) -> Node | None:
        name, key = read(id)
        graphql_type = by_name.get(name)
        row = None if graphql_type is None else await info.context.visible(graphql_type.__model__, key)
        return None if row is None or graphql_type is None else graphql_type.of(row)

    node.__annotations__["id"] = Id
    description = "Fetches an object by its id; null if it does not exist or is not visible to the viewer."
    return strawberry.field(resolver=node, description=description)
