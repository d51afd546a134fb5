"""Any selection on Message that may be compiled, in any of the ways that GraphQL allows, and any snapshot."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast
from uuid import uuid4

from graphql import GraphQLObjectType, get_named_type, is_object_type
from hypothesis import strategies as st

from api.accounts.models import User as UserRow
from api.chats.models import Message as MessageRow
from api.chats.models import MessageRole
from api.graphql.streamed import StreamErrorCode
from api.schema.schema import make_schema
from api.streaming.columns import Status

ANN = UserRow(id=uuid4(), name="Ann 安", created_at=datetime(2026, 1, 2, tzinfo=UTC))
"""The only user."""

SCHEMA = make_schema()

READS_MORE = {"chat"}
"""Fields of Message that depend on the viewer."""
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


TEXTS = st.text(max_size=40) | st.sampled_from(["half a \ud83d", "\ude00"])
UNREADABLE = st.sampled_from([2**31, 2**53 + 1, 2**63 - 1, 10**30, 5.5, "many", b"\0\xff"])
COUNTS = st.none() | st.integers(0, 2**31 - 1) | UNREADABLE
MOMENTS = st.datetimes(timezones=st.just(UTC))


def snapshots() -> st.SearchStrategy[MessageRow]:
    return st.builds(
        MessageRow,
        id=st.uuids(),
        chat_id=st.uuids(),
        author_id=st.sampled_from([None, ANN.id]),
        role=st.sampled_from(MessageRole) | st.just("TOOL"),
        content=TEXTS | st.just('Ünïcode 漢字 🧵 \u2028\u0000\\"\n' * 50),
        reasoning=st.none() | TEXTS,
        status=st.sampled_from(Status) | st.just("PAUSED"),
        revision=st.integers(1, 2**31 - 1) | UNREADABLE,
        model=st.none() | TEXTS,
        finish_reason=st.none() | TEXTS,
        error_code=st.none() | st.sampled_from([*(code.value for code in StreamErrorCode), "MELTED"]),
        error_message=st.none() | TEXTS,
        input_tokens=COUNTS,
        output_tokens=COUNTS,
        version=st.just(1),
        latest_version=st.just(1),
        created_at=MOMENTS | st.just("yesterday"),
        updated_at=MOMENTS,
    )
