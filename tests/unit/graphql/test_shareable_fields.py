"""A subscription is shared if its field and all selected fields declare that they do not depend on the viewer."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
import strawberry
from strawberry.extensions import FieldExtension

from api.chats.models import Message
from api.graphql.execution.projection import snapshot_field
from api.graphql.execution.shared import SHARES, SharedOperations, Shares
from api.graphql.relay import global_id


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
    @strawberry.subscription(metadata={SHARES: Shares(Message, "Note", lambda row: Note(id=strawberry.ID("1")))})
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
    shared = NOTES.of(query, {"id": global_id("Note", uuid4())}, None)
    return None if shared is None else shared.payload(Message(id=uuid4(), revision=1)).payload


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
