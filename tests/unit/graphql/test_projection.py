"""A compiled selection gives the bytes that graphql-core gives, or leaves the operation to graphql-core."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import HealthCheck, event, given, settings

from api.accounts.models import User
from api.chats.models import Message
from api.graphql.context import Context, Services
from api.graphql.execution.operations import Operation, Operations
from api.graphql.execution.projection import NotShareable
from api.graphql.execution.shared import SharedOperations
from api.graphql.relay import global_id
from api.identity import Identity
from api.settings import Settings
from tests.unit.graphql.selections import ANN, INPUTS, SCHEMA, documents, snapshots

OPERATIONS = Operations(SCHEMA)
SHARED = SharedOperations(SCHEMA)


class OneUser:
    """Stands in for the database: it has one user."""

    async def finish(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await work

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["OneUser"]:
        yield self

    async def scalars(self, query: object) -> list[User]:
        return [ANN]


class OneSnapshot:
    """Stands in for the services: the hub has one snapshot, and metrics count nothing."""

    def __init__(self, row: Message) -> None:
        self._row = row
        self.hub = self.metrics = self
        self.database = OneUser()
        self.settings = Settings()

    @asynccontextmanager
    async def follow(
        self, model: object, key: UUID, viewer: UUID, *, shares: bool
    ) -> AsyncIterator[AsyncIterator[Message]]:
        async def only() -> AsyncIterator[Message]:
            yield self._row

        yield only()

    def subscribed(self, track: str, model: str) -> None: ...

    def unsubscribed(self, track: str, model: str) -> None: ...

    def updated_stream(self, model: str) -> None: ...


async def by_graphql_core(query: str, variables: dict[str, Any], row: Message) -> bytes:
    """The only payload of an execution by graphql-core."""
    context = Context(cast(Services, OneSnapshot(row)), Identity(ANN.id, 0))
    payloads = OPERATIONS.executed(Operation(query, variables, None), context)
    first, *more = [payload.body async for payload in payloads]
    assert not more
    return first


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(documents(), snapshots())
async def test_a_compiled_selection_gives_the_bytes_that_graphql_core_gives(query: str, row: Message) -> None:
    variables: dict[str, object] = {"id": global_id("Message", row.id)}
    variables |= {name: value for name, value in INPUTS.items() if f"${name}" in query}
    expected = await by_graphql_core(query, variables, row)
    shared = SHARED.of(query, variables, None)
    assert shared is not None, "a plain selection is to be compiled"
    try:
        payload = (await shared.loaded_payload(row, OneUser())).payload  # type: ignore[arg-type]
    except NotShareable:
        event("left to graphql-core")
        answer = orjson.loads(expected)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL"}
        assert None not in answer["data"].values(), "an unreadable value is to cost its field alone"
        return
    event("compiled")
    assert payload == expected


@pytest.mark.parametrize("more", ["chat { id }", "author { id }"])
@pytest.mark.parametrize(
    "selection",
    ["id MORE", "...F", "status ... on Node { id ... on Message { MORE } }", "a: id ... @include(if: true) { MORE }"],
)
def test_a_selection_is_compiled_unless_it_reads_more_than_the_snapshot(selection: str, more: str) -> None:
    query = f"subscription ($id: ID!) {{ messageStream(id: $id) {{ {selection} }} }}"
    query += " fragment F on Message { MORE }" if "...F" in selection else ""
    shared = SHARED.of(query.replace("MORE", more), {"id": global_id("Message", uuid4())}, None)
    assert (shared is None) == more.startswith("chat")


@pytest.mark.parametrize(
    "query",
    [
        "subscription ($id: ID!) { messageStream(id: $id) { nothing } }",
        "subscription ($id: ID!) { sync(ids: [$id]) { revision } }",
        "subscription ($id: ID!) { a: messageStream(id: $id) { id } b: messageStream(id: $id) { id } }",
        "subscription ($id: ID!) { ... @skip(if: true) { messageStream(id: $id) { id } } }",
        "query ($id: ID!) { message(id: $id) { id } }",
        "subscription ($other: ID!) { messageStream(id: $other) { id } }",
        "subscription ($id: ID!, $more: Boolean = true) { messageStream(id: $id) { id model @include(if: $more) } }",
        "subscription A($id: ID!) { messageStream(id: $id) { id } } subscription B { sync(ids: []) { id } }",
        f"subscription ($id: ID!) {{ messageStream(id: $id) {{ {'... { ' * 400} id {'} ' * 400} }} }}",
        "",
    ],
)
async def test_what_is_wrong_with_a_document_or_its_variables_is_told_by_graphql_core(query: str) -> None:
    variables = {"id": global_id("Message", uuid4()), "more": None}
    assert SHARED.of(query, variables, None) is None


@pytest.mark.parametrize("id", [None, 7, "", "no id of ours", global_id("Chat", UUID(int=1)), ["a"], {"a": 1}])
def test_an_id_of_no_message_is_refused_by_graphql_core(id: object) -> None:
    query = "subscription ($id: ID!) { messageStream(id: $id) { id } }"
    assert SHARED.of(query, {"id": id}, None) is None
    assert SHARED.of(query, {"id": global_id("Message", uuid4())}, None) is not None


def test_one_of_several_operations_is_compiled_by_its_name() -> None:
    query = "subscription A($id: ID!) { messageStream(id: $id) { id } } subscription B { sync(ids: []) { id } }"
    variables = {"id": global_id("Message", uuid4())}
    assert SHARED.of(query, variables, "A") is not None
    assert SHARED.of(query, variables, "B") is None
    assert SHARED.of(query, variables, "C") is None
