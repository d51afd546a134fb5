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
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_argument_values,
    get_variable_values,
)
from graphql.execution.values import VariableValues

from api.graphql.context import Context
from api.graphql.execution.cache import ByteCache
from api.graphql.execution.documents import Documents, memory_of
from api.graphql.execution.projection import Fragments, Project
from api.graphql.execution.root_field import RootField, declared, named_fragments, root_field, subscription_in

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
    root: RootField
    events: Events
    project: Project


class EventOperations:
    """Finds out which subscriptions give small events, and answers them."""

    def __init__(self, schema: GraphQLSchema, documents: Documents) -> None:
        self._schema = schema
        self._documents = documents
        self._compiled: ByteCache[tuple[_Compiled | None]] = ByteCache(COMPILED_BYTES)
        """With None for operations that are none of these: each subscriber asks."""

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
            arguments = get_argument_values(compiled.root.field, compiled.root.nodes[0], variables)
        except GraphQLError:
            return None
        events = compiled.events.of(self._schema, context, arguments[compiled.events.argument])
        return _payloads(compiled.root.name, compiled.project, events)

    def _read(self, query: str, name: str | None) -> _Compiled | None:
        known = self._compiled.get((query, name))
        if known is None:
            document = self._documents.read(query)
            if isinstance(document, list):
                return None
            known = (None if "@" in query else self._compile(document, name),)
            self._compiled.put((query, name), known, memory_of(query, document))
        return known[0]

    def _compile(self, document: DocumentNode, name: str | None) -> _Compiled | None:
        operation = subscription_in(document, name)
        if operation is None:
            return None
        fragments = Fragments(self._schema, named_fragments(document), VariableValues({}, {}), {})
        root = root_field(self._schema, operation, fragments)
        events: Events | None = None if root is None else declared(root.field, EVENTS)
        if root is None or events is None:
            return None
        project = root.compile(fragments)
        return None if project is None else _Compiled(operation, root, events, project)


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
