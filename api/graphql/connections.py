"""Relay connections of any type, with the revision that the sync rule compares.

@strawberry.field(description="Notes that the viewer may see, the newest first.")
async def notes(self, info: Info, first: First = UNSET, after: After = UNSET) -> Connection[Note]:
    page = window(first, after)
    return await connect(info, self.row, visible_notes(self.row.id), Note.of, [NoteRow.id], page, descending=True)
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import strawberry
from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from api.graphql.pagination import PageInfo, page_info
from api.keyset import Slice, Window
from api.streaming.columns import Revised

NodeType = TypeVar("NodeType")
Row = TypeVar("Row")


@strawberry.type(description="One element of a connection, with its cursor.")
class Edge(Generic[NodeType]):
    node: NodeType = strawberry.field(description="The object of this element.")
    cursor: str = strawberry.field(description="Cursor of this element, for `after` and `before`.")


@strawberry.type(description="One page of a list, with the revision of the object that owns the list.")
class Connection(Generic[NodeType]):
    revision: int = strawberry.field(
        description="Revision of the list's owner, read no later than the elements. Compare it with events of `sync`."
    )
    edges: list[Edge[NodeType]] = strawberry.field(description="The elements of this page, in the order of the list.")
    page_info: PageInfo = strawberry.field(description="Information to aid in pagination.")


async def connect(
    info: strawberry.Info[Any, Any],
    owner: Revised,
    query: Select[Row],
    wrap: Callable[[Row], NodeType],
    order: Sequence[InstrumentedAttribute[Any]],
    page: Window,
    *,
    descending: bool = False,
) -> Connection[NodeType]:
    """Read one page of the query's rows, and before it the revision of the row that owns the list."""
    info.context.expect(page.count)
    model, key = type(owner), owner.id

    async def find() -> tuple[int, Slice[Row]]:
        async with info.context.services.database.reading() as session:
            revision = await session.scalar(select(model.revision).where(model.id == key))
            return revision or 0, await page.read(session, query, order, descending=descending)

    revision, found = await info.context.services.database.finish(find())
    info.context.spend(len(found.items))
    edges = [Edge(node=wrap(row), cursor=cursor) for row, cursor in zip(found.items, found.cursors, strict=True)]
    return Connection(revision=revision, edges=edges, page_info=page_info(found))
