"""Every operation, whichever transport it came by: a request in, JSON payloads out. A query or mutation gives one.

On a WebSocket, shared subscriptions take a shorter way; see `transport.fast_path`.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, TypeVar, cast

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLResolveInfoHelpers,
    OperationType,
    create_source_event_stream,
    execute_root_selection_set,
    execute_subscription_event,
    get_operation_ast,
)
from graphql.pyutils import AwaitableOrValue

from api.errors import BadUserInput, Forbidden, NoPersistedQueries
from api.graphql.context import FOR_USERS, Context, counted
from api.graphql.execution.bounds import BoundedExecutor
from api.graphql.execution.cache import ByteCache
from api.graphql.execution.documents import Documents
from api.graphql.execution.events import EVENTS_AT_ONCE, EventOperations
from api.graphql.execution.introspection import ANSWERS_BYTES, is_introspection, mend
from api.graphql.execution.projection import NotShareable
from api.graphql.execution.responses import Answers, Payload, failure, refusal, refusal_of
from api.graphql.execution.shared import ANSWER_BYTES, SharedOperation, SharedOperations

EVERYTHING = frozenset(OperationType)
WITHOUT_SUBSCRIPTIONS = EVERYTHING - {OperationType.SUBSCRIPTION}

QUERY_CHARACTERS = 150_000
"""Enough for the longest message as a literal. Documents are cached, and anyone may send them."""

MOST_NESTED = 50
"""Levels of lists and objects in the variables. The schema's inputs have two."""

MOST_VARIABLE_ERRORS = 5
"""Each may take 10 ms, as graphql-core looks for names that are like the wrong one."""

NO_STREAM = "A subscription needs a stream. Use WebSocket, or accept text/event-stream or multipart/mixed."

NO_HELPERS = GraphQLResolveInfoHelpers(gather=None, track=None)  # type: ignore[arg-type]
"""In place of two bound methods of the executor, by which it would hold itself and wait for the garbage collector.
strawberry's resolvers do not use them."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Operation:
    """A client's request: a document, its variables, and which of its operations to execute."""

    query: str
    variables: dict[str, Any] | None
    name: str | None

    @classmethod
    def of(cls, request: object) -> "Operation":
        """From the request's JSON. Raises BadUserInput and NoPersistedQueries."""
        if not isinstance(request, Mapping):
            raise BadUserInput("The request must be a JSON object with a `query`. Batches are not supported.")
        query, variables, name = request.get("query"), request.get("variables"), request.get("operationName")
        if query is None and is_persisted(request.get("extensions")):
            raise NoPersistedQueries
        if not isinstance(query, str) or not query.strip():
            raise BadUserInput("The request has no `query`. Put the document there.")
        if not isinstance(variables, dict | None):
            raise BadUserInput("`variables` must be an object.")
        if not isinstance(name, str | None):
            raise BadUserInput("`operationName` must be a string.")
        require_shallow(variables)
        require_whole_characters(query, variables, name)
        if len(query) > QUERY_CHARACTERS:
            raise BadUserInput(
                f"The query has more than {QUERY_CHARACTERS:,} characters. Move long texts to variables."
            )
        return cls(query, variables, name or None)


def is_persisted(extensions: object) -> bool:
    """Whether the request names its document by a hash. https://www.apollographql.com/docs/apollo-server/performance/apq"""
    return isinstance(extensions, Mapping) and "persistedQuery" in extensions


def require_shallow(variables: object) -> None:
    """Raises BadUserInput for variables that nest too deep: later steps recurse on each level."""
    level = [variables]
    for _ in range(MOST_NESTED):
        level = [inner for value in level for inner in _within(value)]
        if not level:
            return
    raise BadUserInput(f"The variables nest deeper than {MOST_NESTED} levels, the limit. Flatten them.")


def _within(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def require_whole_characters(*request: object) -> None:
    """Raises BadUserInput for half a character. JSON can spell it; neither a database nor an answer can contain it."""
    try:
        json.dumps(request, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadUserInput("The request contains half a character (a lone surrogate). Send whole characters.") from None


class Operations:
    """Executes operations. Equal subscriptions are executed once for all their subscribers."""

    def __init__(self, schema: strawberry.Schema, answer_bytes: int = ANSWER_BYTES) -> None:
        self._schema = schema._schema
        mend(self._schema)
        self._introspected: ByteCache[Payload] = ByteCache(ANSWERS_BYTES)
        """By document, the answers that depend on the schema alone."""
        self._documents = Documents(self._schema)
        self._operations = SharedOperations(schema, self._documents, answer_bytes)
        self._events = EventOperations(self._schema, self._documents)

    def shared(self, operation: Operation, context: Context[Any]) -> SharedOperation | None:
        """The operation as it is shared with equal ones; None if it is executed for this subscriber alone."""
        if context.sender is None or self._events.gives(operation.query, operation.name):
            return None
        return self._operations.of(operation.query, operation.variables, operation.name)

    def subscribes(self, operation: Operation) -> bool:
        """Whether it is a subscription. False for a document that is not valid."""
        document = self._documents.read(operation.query)
        asked = None if isinstance(document, list) else get_operation_ast(document, operation.name)
        return asked is not None and asked.operation is OperationType.SUBSCRIPTION

    async def run(
        self, operation: Operation, context: Context[Any], allowed: frozenset[OperationType] = EVERYTHING
    ) -> AsyncGenerator[Payload, None]:
        """Each payload as it comes."""
        if OperationType.SUBSCRIPTION in allowed and (shared := self.shared(operation, context)) is not None:
            try:
                async with aclosing(self._shared_results(shared, context)) as payloads:
                    async for payload in payloads:
                        yield payload
                return
            except NotShareable:
                pass
        async with aclosing(self.executed(operation, context, allowed)) as payloads:
            async for payload in payloads:
                yield payload

    async def _shared_results(self, shared: SharedOperation, context: Context[Any]) -> AsyncGenerator[Payload, None]:
        reader = context.reader
        services = context.services
        with counted(context, "stream", shared.model):
            try:
                async with services.hub.follow(
                    shared.model, shared.key, reader.id, shares=reader.is_guest
                ) as snapshots:
                    async for snapshot in snapshots:
                        encoded = await shared.loaded_payload(snapshot, services.database)
                        yield Payload(encoded.payload)
                        services.metrics.updated_stream(shared.model.__name__)
            except NotShareable:
                raise
            except Exception as error:
                yield failure(error, context.request_id)

    async def executed(
        self, operation: Operation, context: Context[Any], allowed: frozenset[OperationType] = EVERYTHING
    ) -> AsyncGenerator[Payload, None]:
        """The same for this subscriber alone: by graphql-core, if the payloads are not plain events."""
        if OperationType.SUBSCRIPTION in allowed:
            events = self._events.of(operation.query, operation.variables, operation.name, context)
            if events is not None:
                try:
                    async with aclosing(events):
                        async for body in events:
                            yield Payload(body)
                except Exception as error:
                    yield failure(error, context.request_id)
                return
        document = self._documents.read(operation.query)
        answered = self._introspected.get(operation.query)
        if answered is not None and isinstance(document, DocumentNode) and is_introspection(document, operation.name):
            yield answered
            return

        def build(event: object = None) -> list[GraphQLError] | Executor[Context[Any]]:
            if isinstance(document, list):
                return document
            built = BoundedExecutor.build(
                self._schema, document, event, context, operation.variables, operation.name,
                max_coercion_errors=MOST_VARIABLE_ERRORS,
            )  # fmt: skip
            if not isinstance(built, list):
                built.async_helpers = NO_HELPERS
            return built

        executor = build()
        if isinstance(executor, list):
            yield refusal_of(executor, context.request_id)
            return
        if executor.operation.operation not in allowed:
            yield refusal(BadUserInput(NO_STREAM), context.request_id)
            return
        if executor.operation.operation is OperationType.MUTATION and context.sender and context.sender.is_guest:
            yield refusal(Forbidden(FOR_USERS), context.request_id)
            return
        answers = Answers(context.request_id)
        try:
            async with aclosing(_results(executor, build, context)) as results:
                async for result in results:
                    payload = answers.payload(result.data, result.errors)
                    if result.errors is None and isinstance(document, DocumentNode):
                        self._remember(operation, document, payload)
                    yield payload
        except Exception as error:
            yield failure(error, context.request_id)

    def _remember(self, operation: Operation, document: DocumentNode, payload: Payload) -> None:
        if is_introspection(document, operation.name):
            size = len(payload.body) + sys.getsizeof(operation.query)
            self._introspected.put(operation.query, payload, size)


async def _results(
    executor: Executor[Context[Any]],
    build: Callable[[object], list[GraphQLError] | Executor[Context[Any]]],
    context: Context[Any],
) -> AsyncGenerator[ExecutionResult, None]:
    if executor.operation.operation is not OperationType.SUBSCRIPTION:
        yield await context.to_the_end(_awaited(execute_root_selection_set(executor)))
        return
    events: AsyncIterable[object] | ExecutionResult = await _awaited(create_source_event_stream(executor))
    if isinstance(events, ExecutionResult):
        yield events
        return
    async with aclosing(cast(AsyncGenerator[object, None], events)):
        number = 0
        async for event in events:
            number += 1
            if number % EVENTS_AT_ONCE == 0:
                await asyncio.sleep(0)
            # Executors that are derived from the first one would share a memo that grows with every event.
            context.begin_answer()
            each = build(event)
            assert isinstance(each, Executor)
            yield await _awaited(execute_subscription_event(each))


async def _awaited(value: AwaitableOrValue[Value]) -> Value:
    return await value if isawaitable(value) else value
