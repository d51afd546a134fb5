"""Execute once: subscribers that ask the same of the same row share one projection and one payload for each update.

What may be shared is declared in the schema: a subscription field made by `stream_field` gives snapshots of one row,
and the fields selected on it are `snapshot_field` or `related_field`, which do not depend on the viewer. Everything
else is executed by graphql-core, for each subscriber by itself.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import orjson
import strawberry
from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    get_argument_values,
    get_variable_values,
)
from graphql.execution.values import VariableValues

from api.database import Database
from api.errors import RequestError
from api.graphql.encoded_payload import EncodedPayload
from api.graphql.execution.documents import Documents
from api.graphql.execution.projection import Fragments, NotLoaded, NotShareable, Project
from api.graphql.execution.root_field import declared, named_fragments, root_field, subscription_in
from api.graphql.relay import key_of
from api.streaming.columns import Streamed

SHARES = "shares"

ANSWER_BYTES = 10_000_000
"""Of one payload, unless the server has a setting."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Which rows a subscription field gives: the one named by its `id` argument, wrapped for its resolvers."""

    model: type[Streamed]
    type_name: str
    wrap: Callable[[Any], Any]


class SharedOperation:
    """What one operation makes of each snapshot of one row. Shared by all subscribers that ask for just that."""

    def __init__(
        self,
        shares: Shares,
        key: UUID,
        name: str,
        project: Project,
        related: dict[Any, Any],
        most_bytes: int = ANSWER_BYTES,
    ) -> None:
        self.model = shares.model
        self.key = key
        self._wrap = shares.wrap
        self._name = name
        self._project = project
        self._related = related
        self._most_bytes = most_bytes
        self._loading: dict[Any, asyncio.Task[None]] = {}
        self._row: Any = None
        self._payload: EncodedPayload | None = None

    def payload(self, row: Any) -> EncodedPayload:
        """The payload for this snapshot, made once. Raises NotLoaded, and NotShareable."""
        if self._payload is None or self._row is not row:
            try:
                payload = orjson.dumps({"data": {self._name: self._project(self._wrap(row))}})
            except NotLoaded:
                raise
            except Exception as error:  # graphql-core gives the error with its path
                raise NotShareable from error
            if len(payload) > self._most_bytes:  # graphql-core gives the error
                raise NotShareable
            self._payload = EncodedPayload(payload, self._payload)
            self._row = row
        return self._payload

    async def loaded_payload(self, row: Any, database: Database) -> EncodedPayload:
        """The same, after loading what the snapshot names. Raises NotShareable."""
        while True:
            try:
                return self.payload(row)
            except NotLoaded as missing:
                # A subscriber that leaves must not cancel what the others wait for.
                await asyncio.shield(self.load(missing, database))

    def load(self, missing: NotLoaded, database: Database) -> asyncio.Task[None]:
        """Load a related object, once for all subscribers. If that fails, graphql-core must execute the operation."""
        task = self._loading.get(missing.name)
        if task is None:
            task = self._loading[missing.name] = asyncio.create_task(self._load(missing, database), name="related")
        return task

    async def _load(self, missing: NotLoaded, database: Database) -> None:
        batch, key = missing.name
        try:
            (self._related[missing.name],) = await database.finish(batch(database, [key]))
        except Exception:
            self._related[missing.name] = NotShareable
        finally:
            del self._loading[missing.name]


class SharedOperations:
    """Finds out which operations can be shared, and gives equal operations the same `SharedOperation`."""

    def __init__(
        self, schema: strawberry.Schema, documents: Documents | None = None, most_bytes: int = ANSWER_BYTES
    ) -> None:
        self._most_bytes = most_bytes
        self._schema: GraphQLSchema = schema._schema
        self._documents = documents or Documents(self._schema)
        self._shared: WeakValueDictionary[tuple[str, str | None, bytes], SharedOperation] = WeakValueDictionary()

    def of(self, query: str, variables: dict[str, Any] | None, name: str | None) -> SharedOperation | None:
        """The shared operation, or None if it must be executed by graphql-core for each subscriber."""
        try:
            asked = (query, name, orjson.dumps(variables or {}, option=orjson.OPT_SORT_KEYS))
        except TypeError:
            return None
        shared = self._shared.get(asked)
        if shared is None and (shared := self._compiled(query, variables or {}, name)) is not None:
            self._shared[asked] = shared
        return shared

    def _compiled(self, query: str, inputs: dict[str, Any], name: str | None) -> SharedOperation | None:
        document = self._documents.read(query)
        operation = subscription_in(document, name)
        if operation is None or isinstance(document, list):
            return None
        definitions = operation.variable_definitions or ()
        variables = get_variable_values(self._schema, definitions, inputs, max_errors=1, hide_suggestions=True)
        if isinstance(variables, list):
            return None
        try:
            related: dict[Any, Any] = {}
            fragments = Fragments(self._schema, named_fragments(document), variables, related)
            return self._shared_by(operation, fragments, variables, related)
        except (GraphQLError, RequestError):  # graphql-core gives the error with its path
            return None

    def _shared_by(
        self,
        operation: OperationDefinitionNode,
        fragments: Fragments,
        variables: VariableValues,
        related: dict[Any, Any],
    ) -> SharedOperation | None:
        root = root_field(self._schema, operation, fragments)
        shares = None if root is None else shares_of(root.field)
        if root is None or shares is None:
            return None
        project = root.compile(fragments)
        if project is None:
            return None
        arguments = get_argument_values(root.field, root.nodes[0], variables)
        key = key_of(shares.type_name, arguments["id"])
        return SharedOperation(shares, key, root.name, project, related, self._most_bytes)


def shares_of(field: GraphQLField) -> Shares | None:
    """What `stream_field` declared for this field of the schema; None for other fields."""
    shares: Shares | None = declared(field, SHARES)
    return shares
