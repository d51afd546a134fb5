"""Execute once: readers who ask the same of the same row share one projection and one payload for each update.

What may be shared is declared in the schema: a subscription field made with `shares` gives snapshots of one row, and
the fields selected on it must be `of_snapshot`. Everything else is executed by graphql-core, for each reader by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import orjson
import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_argument_values,
    get_named_type,
    get_operation_ast,
    get_variable_values,
)
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from api.errors import RequestError
from api.schema.documents import Documents
from api.schema.ids import key_of
from api.schema.projection import Fragments, NeedsMore, Project
from api.schema.wire import Update
from api.streaming.topic import Model

SHARES = "shares"


@dataclass(frozen=True, slots=True)
class Shares:
    """Which rows a subscription field gives: the one with the id in its `id` argument, wrapped for its resolvers."""

    model: Model
    wrap: Callable[[Any], Any]


class Rendering:
    """What one operation makes of each snapshot of one row. Shared by all who ask for just that."""

    def __init__(self, shares: Shares, key: UUID, name: str, project: Project) -> None:
        self.model = shares.model
        self.key = key
        self._wrap = shares.wrap
        self._name = name
        self._project = project
        self._row: Any = None
        self._update: Update | None = None

    def update(self, row: Any) -> Update:
        """The payload for this snapshot, made once. Raises NeedsMore."""
        if self._update is None or self._row is not row:
            try:
                data = {self._name: self._project(self._wrap(row))}
            except Exception as error:  # graphql-core knows how to say what is wrong, and where
                raise NeedsMore from error
            self._update = Update(orjson.dumps({"data": data}), self._update)
            self._row = row
        return self._update


class Renderings:
    """Finds out which operations can be shared, and has those who ask the same meet."""

    def __init__(self, schema: strawberry.Schema, documents: Documents | None = None) -> None:
        self._schema: GraphQLSchema = schema._schema
        self._documents = documents or Documents(self._schema)
        self._shared: WeakValueDictionary[tuple[str, str | None, bytes], Rendering] = WeakValueDictionary()

    def of(self, query: str, variables: dict[str, Any] | None, name: str | None) -> Rendering | None:
        """The rendering for this operation, or None if it must be executed by graphql-core for each reader."""
        try:
            asked = (query, name, orjson.dumps(variables or {}, option=orjson.OPT_SORT_KEYS))
        except TypeError:
            return None
        rendering = self._shared.get(asked)
        if rendering is None and (rendering := self._compiled(query, variables or {}, name)) is not None:
            self._shared[asked] = rendering
        return rendering

    def _compiled(self, query: str, inputs: dict[str, Any], name: str | None) -> Rendering | None:
        document = self._documents.read(query)
        operation = None if isinstance(document, list) else get_operation_ast(document, name)
        if isinstance(document, list) or operation is None or operation.operation is not OperationType.SUBSCRIPTION:
            return None
        variables = get_variable_values(self._schema, operation.variable_definitions or (), inputs)
        if isinstance(variables, list):
            return None
        named = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        try:
            return self._rendering(operation, Fragments(self._schema, named, variables), variables)
        except (GraphQLError, RequestError):  # graphql-core knows how to say what is wrong
            return None

    def _rendering(
        self, operation: OperationDefinitionNode, fragments: Fragments, variables: VariableValues
    ) -> Rendering | None:
        root = self._schema.subscription_type
        assert root is not None
        selected = fragments.fields([operation.selection_set], root)
        if len(selected) != 1:
            return None
        ((name, nodes),) = selected.items()
        field = root.fields.get(nodes[0].name.value)
        shares = _shares(field.extensions.get("strawberry-definition")) if field is not None else None
        if field is None or shares is None:
            return None
        kind = get_named_type(field.type)
        assert isinstance(kind, GraphQLObjectType)
        project = fragments.compile([node.selection_set for node in nodes if node.selection_set], kind)
        if project is None:
            return None
        arguments = get_argument_values(field, nodes[0], variables)
        return Rendering(shares, key_of(kind.name, arguments["id"]), name, project)


def _shares(field: object) -> Shares | None:
    return field.metadata.get(SHARES) if isinstance(field, StrawberryField) else None
