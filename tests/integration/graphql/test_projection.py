"""A compiled selection says what graphql-core would say, byte for byte, or nothing at all."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import strawberry
from graphql import GraphQLObjectType, get_named_type, is_object_type
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from strawberry.dataloader import DataLoader
from strawberry.extensions import FieldExtension

from api.accounts.models import User as UserRow
from api.chats.models import Message as MessageRow
from api.chats.models import MessageRole
from api.graphql.context import Context, Services
from api.graphql.execution.operations import Operation, Operations
from api.graphql.execution.projection import NotShareable, snapshot_field
from api.graphql.execution.shared import SHARES, SharedOperations, Shares
from api.graphql.relay import global_id
from api.graphql.streamed import StreamErrorCode
from api.identity import Identity
from api.schema.schema import make_schema
from api.streaming.columns import Status
from tests.support.server import Running

ANN = UserRow(id=uuid4(), name="Ann 安", created_at=datetime(2026, 1, 2, tzinfo=UTC))


SCHEMA = make_schema()
OPERATIONS = Operations(SCHEMA)
RENDERINGS = SharedOperations(SCHEMA)


# Documents: any selection on Message that reads the snapshot alone, written in any of the ways that GraphQL allows.

READS_MORE = {"chat"}
CONSTANTS = ("true", "false")
VARIABLES = {"$yes": "Boolean!", "$no": "Boolean!", "$given": "Boolean = false", "$left": "Boolean = true"}
INPUTS = {"yes": True, "no": False, "given": True}


@cache
def fields_of(kind: str) -> dict[str, str | None]:
    """What can be selected on a type: the type that the field gives, where it has fields itself."""
    found = cast(GraphQLObjectType, SCHEMA._schema.get_type(kind))
    fields = {name: get_named_type(one.type) for name, one in found.fields.items() if name not in READS_MORE}
    return {"__typename": None, **{name: one.name if is_object_type(one) else None for name, one in fields.items()}}


@cache
def interfaces_of(kind: str) -> list[str]:
    return [one.name for one in cast(GraphQLObjectType, SCHEMA._schema.get_type(kind)).interfaces]


@dataclass
class Document:
    """A document as it is being thought of."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    """By type, which field each response key stands for: one that stood for two would be refused."""
    fragments: list[str] = field(default_factory=list)
    named: dict[str, list[str]] = field(default_factory=dict)
    """By type, the fragments that may be spread there."""

    def written(self) -> str:
        body = self.selection("Message", "Message", depth=3)
        root = self.draw(st.sampled_from(["messageStream", "live: messageStream"]))
        used = [name for name in VARIABLES if any(name in text for text in (body, *self.fragments))]
        declared = "".join(f", {name}: {VARIABLES[name]}" for name in used)
        operation = f"subscription ($id: ID!{declared}) {{ {root}(id: $id) {body} }}"
        return "\n".join(self.draw(st.permutations([operation, *self.fragments])))

    def selection(self, kind: str, condition: str, depth: int) -> str:
        """`kind` is what is selected on, `condition` what is known of it there: itself, or an interface of it."""
        pieces = [self.piece(kind, condition, depth) for _ in range(self.draw(st.integers(1, 5)))]
        return f"{{ {' '.join(pieces)} }}"

    def piece(self, kind: str, condition: str, depth: int) -> str:
        ways = ["field", "field", "field", "inline", "spread"] if depth else ["field"]
        match self.draw(st.sampled_from(ways)):
            case "field":
                return self.field(kind, condition, depth)
            case "inline":
                narrower = self.draw(st.sampled_from([None, kind, *interfaces_of(kind)]))
                inside = self.selection(kind, narrower or condition, depth - 1)
                return f"...{f' on {narrower}' if narrower else ''}{self.directives()} {inside}"
            case _:
                return f"...{self.fragment(kind, depth)}{self.directives()}"

    def field(self, kind: str, condition: str, depth: int) -> str:
        keys = self.keys.setdefault(kind, self.draw(response_keys(kind)))
        possible = [key for key, name in keys.items() if name in fields_of(condition)]
        if not depth:
            possible = [key for key in possible if fields_of(kind)[keys[key]] is None]
        if not possible:
            return "__typename"
        key = self.draw(st.sampled_from(possible))
        inner = fields_of(kind)[keys[key]]
        alias = "" if key == keys[key] else f"{key}: "
        return (
            f"{alias}{keys[key]}{self.directives()}{'' if inner is None else self.selection(inner, inner, depth - 1)}"
        )

    def fragment(self, kind: str, depth: int) -> str:
        """One that was spread before, or a new one."""
        known = self.named.setdefault(kind, [])
        if known and self.draw(st.booleans()):
            return cast(str, self.draw(st.sampled_from(known)))
        condition = self.draw(st.sampled_from([kind, *interfaces_of(kind)]))
        inside = self.selection(kind, condition, depth - 1)
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {condition} {inside}")
        known.append(name)  # only now: it must not be spread within itself
        return name

    def directives(self) -> str:
        values = st.sampled_from([*CONSTANTS, *VARIABLES])
        return "".join(
            f" @{name}(if: {self.draw(values)})" for name in ("skip", "include") if self.draw(st.integers(0, 5)) == 0
        )


def response_keys(kind: str) -> st.SearchStrategy[dict[str, str]]:
    """Some fields as they are called, some under other names, other fields' names among them."""
    names = st.sampled_from(sorted(fields_of(kind)))
    aliases = st.sampled_from(["a", "b", "_", "content", "id", "usage"])
    renamed = st.dictionaries(aliases, names, max_size=3)
    plain = {name: name for name in fields_of(kind)}
    return renamed.map(lambda chosen: {**plain, **chosen} | {key: key for key in plain if key == "__typename"})


@st.composite
def documents(draw: Any) -> str:
    return Document(draw).written()


# Snapshots: whatever a row may hold.

KNOWN = {ANN.id: ANN}
TEXTS = st.text(max_size=40)
COUNTS = st.none() | st.integers(0, 2**31 - 1) | st.sampled_from([2**31, 2**53 + 1, 2**63 - 1])
MOMENTS = st.datetimes(timezones=st.just(UTC))


def snapshots() -> st.SearchStrategy[MessageRow]:
    return st.builds(
        MessageRow,
        id=st.uuids(),
        chat_id=st.uuids(),
        author_id=st.sampled_from([None, None, None, ANN.id]),
        role=st.sampled_from(MessageRole),
        content=TEXTS | st.just('Ünïcode 漢字 🧵 \u2028\u0000\\"\n' * 50),
        reasoning=st.none() | TEXTS,
        status=st.sampled_from(Status),
        revision=st.integers(1, 2**31 - 1) | st.sampled_from([2**31, 2**63 - 1]),
        model=st.none() | TEXTS,
        finish_reason=st.none() | TEXTS,
        error_code=st.none() | st.sampled_from([code.value for code in StreamErrorCode]),
        error_message=st.none() | TEXTS,
        input_tokens=COUNTS,
        output_tokens=COUNTS,
        created_at=MOMENTS,
        updated_at=MOMENTS,
    )


class OneSnapshot:
    """In place of the server's parts: a hub with one snapshot for whoever asks, and nobody who counts."""

    def __init__(self, row: Any) -> None:
        self._row = row
        self.hub = self.watch = self

    @asynccontextmanager
    async def follow(self, model: object, key: UUID, viewer: UUID) -> AsyncIterator[AsyncIterator[Any]]:
        async def only() -> AsyncIterator[Any]:
            yield self._row

        yield only()

    def subscribed(self, track: str) -> None: ...

    def unsubscribed(self, track: str) -> None: ...

    def updated_stream(self) -> None: ...


async def by_graphql_core(query: str, variables: dict[str, Any], row: MessageRow) -> bytes:
    """The first payload of an execution of one's own."""
    context = Context(cast(Services, OneSnapshot(row)), Identity(ANN.id, 0))

    async def users(keys: list[UUID]) -> list[UserRow | None]:
        return [KNOWN.get(key) for key in keys]

    context.users = DataLoader(users, cache=False)
    payloads = OPERATIONS.executed(Operation(query, variables, None), context)
    first, *more = [payload.body async for payload in payloads]
    assert not more
    return first


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(documents(), snapshots())
async def test_a_compiled_selection_gives_the_bytes_that_graphql_core_gives(query: str, row: MessageRow) -> None:
    variables = {"id": global_id("Message", row.id)}
    variables |= {name: value for name, value in INPUTS.items() if f"${name}" in query}
    expected = await by_graphql_core(query, variables, row)
    rendering = RENDERINGS.of(query, variables, None)
    assert rendering is not None, "a plain selection is to be compiled"
    try:
        payload = rendering.update(row).payload
    except NotShareable:
        event("left to graphql-core")
        # Rightly: either it has something to complain of, or has read who wrote it.
        assert b'"errors":' in expected or row.author_id is not None
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
    rendering = RENDERINGS.of(query.replace("MORE", more), {"id": global_id("Message", uuid4())}, None)
    assert (rendering is None) == more.startswith("chat")


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
    assert RENDERINGS.of(query, variables, None) is None


@pytest.mark.parametrize("id", [None, 7, "", "no id of ours", global_id("Chat", UUID(int=1)), ["a"], {"a": 1}])
def test_an_id_of_no_message_is_refused_by_graphql_core(id: object) -> None:
    query = "subscription ($id: ID!) { messageStream(id: $id) { id } }"
    assert RENDERINGS.of(query, {"id": id}, None) is None
    assert RENDERINGS.of(query, {"id": global_id("Message", uuid4())}, None) is not None


def test_one_of_several_operations_is_compiled_by_its_name() -> None:
    query = "subscription A($id: ID!) { messageStream(id: $id) { id } } subscription B { sync(ids: []) { id } }"
    variables = {"id": global_id("Message", uuid4())}
    assert RENDERINGS.of(query, variables, "A") is not None
    assert RENDERINGS.of(query, variables, "B") is None
    assert RENDERINGS.of(query, variables, "C") is None


# A schema of its own: what may be compiled is what its fields declare.


class Doubled(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any) -> Any:
        return next_(source, info, **arguments) * 2


@strawberry.type
class Score:
    points: int
    doubled: int = strawberry.field(default=1, extensions=[Doubled()])

    @strawberry.field
    def undeclared(self) -> int:
        return self.points


@strawberry.type
class Note:
    id: strawberry.ID
    plain: str = "plain data"

    @snapshot_field()
    def declared(self) -> str:
        return "declared"

    @snapshot_field()
    def score(self) -> Score:
        return Score(points=7)

    @snapshot_field()
    def cut(self, length: int = 3) -> str:
        return "declared, with an argument"[:length]

    @snapshot_field(extensions=[Doubled()])
    def extended(self) -> str:
        return "declared, and extended"

    @strawberry.field
    def undeclared(self) -> str:
        return "undeclared"

    @strawberry.field
    async def awaited(self) -> str:
        return "undeclared, and awaited"


@strawberry.type
class Notes:
    @strawberry.subscription(metadata={SHARES: Shares(MessageRow, lambda row: Note(id=strawberry.ID("1")))})
    async def note(self, id: strawberry.ID) -> AsyncIterator[Note]:
        yield Note(id=id)

    @strawberry.subscription
    async def unshared(self, id: strawberry.ID) -> AsyncIterator[Note]:
        yield Note(id=id)


@strawberry.type
class Nothing:
    nothing: str = ""


NOTES = SharedOperations(strawberry.Schema(Nothing, subscription=Notes))


def noted(selection: str, field: str = "note") -> bytes | None:
    query = f"subscription ($id: ID!) {{ {field}(id: $id) {{ {selection} }} }}"
    rendering = NOTES.of(query, {"id": global_id("Note", uuid4())}, None)
    return None if rendering is None else rendering.update(MessageRow(id=uuid4(), revision=1)).payload


@pytest.mark.parametrize("selection", ["id", "plain", "declared", "score { points }", "__typename"])
def test_a_field_is_compiled_if_it_is_plain_data_or_declared_to_read_the_snapshot_alone(selection: str) -> None:
    assert noted(selection) is not None


@pytest.mark.parametrize(
    "selection",
    ["undeclared", "awaited", "score { undeclared }", "extended", "score { doubled }", "cut(length: 4)"],
)
def test_a_field_without_that_declaration_is_never_compiled(selection: str) -> None:
    assert noted(selection) is None
    assert noted(f"declared {selection}") is None
    assert noted(f"declared ... {{ {selection} }}") is None


def test_a_subscription_is_compiled_only_if_it_is_declared_to_share_its_rows() -> None:
    assert noted("declared") is not None
    assert noted("declared", field="unshared") is None


# What is not compiled arrives all the same.


async def test_a_stream_that_selects_its_chat_is_executed_for_itself_and_arrives_to_its_end(server: Running) -> None:
    ann = await server.person("Ann")
    chat = await ann.create_chat("Before")
    reply = (await ann.send(chat))["reply"]
    query = "subscription ($id: ID!) { messageStream(id: $id) { content status chat { title participants { id } } } }"
    async with ann.socket() as socket:
        stream = await socket.subscribe(query, id=reply["id"])
        assert (await stream.next())["chat"] == {"title": "Before", "participants": [{"id": ann.user_id}]}
        async with server.writing(reply["id"]) as text:
            text.append("Hi")
            await stream.until(content="Hi")
            await ann.mutate("renameChat", chatId=chat, title="After")
            text.append(" there")
            assert (await stream.until(content="Hi there"))["chat"]["title"] == "After"
        assert (await stream.rest())[-1] == {
            "content": "Hi there",
            "status": "COMPLETE",
            "chat": {"title": "After", "participants": [{"id": ann.user_id}]},
        }


async def test_who_wrote_a_message_is_read_for_each_reader_and_nobody_for_the_assistants(server: Running) -> None:
    ann = await server.person("Ann")
    sent = await ann.send(await ann.create_chat())
    query = "subscription ($id: ID!) { messageStream(id: $id) { content author { id name } } }"
    async with ann.socket() as socket:
        own = await socket.subscribe(query, id=sent["message"]["id"])
        assert await own.rest() == [{"content": "Hello", "author": {"id": ann.user_id, "name": "Ann"}}]
        stream = await socket.subscribe(query, id=sent["reply"]["id"])
        async with server.writing(sent["reply"]["id"]) as text:
            text.append("Hi")
        assert (await stream.rest())[-1] == {"content": "Hi", "author": None}
