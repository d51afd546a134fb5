"""Subscriptions to small events, such as `sync`: compiled once for each document, and answered without graphql-core.

Each subscriber has its own events. But the selection on an event reads nothing else, so it is the same function for all
who send the document, and building an executor for each event would cost more than everything else. A document with
directives, or with anything that is not plain, is left to graphql-core, which gives the same bytes.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
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

from api.graphql.context import Context
from api.graphql.execution.cache import ByteCache
from api.graphql.execution.documents import Documents, memory_of
from api.graphql.execution.projection import Fragments, Project

EVENTS = "events"

EVENTS_AT_ONCE = 10
"""Events of a subscription that are answered before other work of the process has a turn: some 5 ms. A hundred made-up
ids are a hundred events, none of which waits for anything."""

COMPILED_BYTES = 5_000_000
"""Documents that are kept compiled, as they are in memory. A frontend has a few."""


@dataclass(frozen=True, slots=True)
class Events:
    """How a subscription field gives its events: by a function of the schema, the context and one argument."""

    argument: str
    of: Callable[[GraphQLSchema, Context[Any], Any], AsyncGenerator[Any, None]]


@dataclass(frozen=True, slots=True)
class _Compiled:
    operation: OperationDefinitionNode
    field: GraphQLField
    node: FieldNode
    events: Events
    name: str
    project: Project


class EventOperations:
    """Finds out which subscriptions give small events, and answers them."""

    def __init__(self, schema: GraphQLSchema, documents: Documents) -> None:
        self._schema = schema
        self._documents = documents
        self._compiled: ByteCache[_Compiled] = ByteCache(COMPILED_BYTES)

    def gives(self, query: str, name: str | None) -> bool:
        """Whether the operation is such a subscription."""
        return self._read(query, name) is not None

    def of(
        self, query: str, inputs: dict[str, Any] | None, name: str | None, context: Context[Any]
    ) -> AsyncGenerator[bytes, None] | None:
        """The payloads of the subscription; None if graphql-core must execute the operation."""
        compiled = self._read(query, name)
        if compiled is None:
            return None
        definitions = compiled.operation.variable_definitions or ()
        variables = get_variable_values(self._schema, definitions, inputs or {}, max_errors=1, hide_suggestions=True)
        if isinstance(variables, list):
            return None
        try:
            argument = get_argument_values(compiled.field, compiled.node, variables)[compiled.events.argument]
        except GraphQLError:
            return None
        return _payloads(compiled.name, compiled.project, compiled.events.of(self._schema, context, argument))

    def _read(self, query: str, name: str | None) -> _Compiled | None:
        compiled = self._compiled.get((query, name))
        if compiled is None and "@" not in query:
            document = self._documents.read(query)
            compiled = None if isinstance(document, list) else self._compile(document, name)
            if compiled is not None and not isinstance(document, list):
                self._compiled.put((query, name), compiled, memory_of(query, document))
        return compiled

    def _compile(self, document: DocumentNode, name: str | None) -> _Compiled | None:
        operation = get_operation_ast(document, name)
        if operation is None or operation.operation is not OperationType.SUBSCRIPTION:
            return None
        named = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        fragments = Fragments(self._schema, named, VariableValues({}, {}), {})
        root = self._schema.subscription_type
        assert root is not None
        selected = fragments.fields([operation.selection_set], root)
        if len(selected) != 1:
            return None
        ((key, nodes),) = selected.items()
        field = root.fields.get(nodes[0].name.value)
        events = events_of(field) if field is not None else None
        if field is None or events is None:
            return None
        kind = get_named_type(field.type)
        assert isinstance(kind, GraphQLObjectType)
        project = fragments.compile([node.selection_set for node in nodes if node.selection_set], kind)
        return None if project is None else _Compiled(operation, field, nodes[0], events, key, project)


def events_of(field: GraphQLField) -> Events | None:
    """What the field declared by its metadata; None for other fields."""
    definition = field.extensions.get("strawberry-definition")
    return definition.metadata.get(EVENTS) if isinstance(definition, StrawberryField) else None


async def _payloads(name: str, project: Project, events: AsyncGenerator[Any, None]) -> AsyncGenerator[bytes, None]:
    before = b'{"data":{' + orjson.dumps(name) + b":"
    async with aclosing(events):
        number = 0
        async for event in events:
            number += 1
            if number % EVENTS_AT_ONCE == 0:
                await asyncio.sleep(0)
            # Joined from parts, since orjson's own bytes keep a buffer of 4 kB for as long as the subscriber waits.
            yield before + orjson.dumps(project(event)) + b"}}"
