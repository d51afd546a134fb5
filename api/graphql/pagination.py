"""Relay connections in GraphQL: the pagination arguments and `PageInfo`.

async def notes(self, info: Info, first: First = UNSET, after: After = UNSET) -> NoteConnection:
    found = await notes_of(info.context.services.database, self.row.id, window(first, after))
    ...
    return NoteConnection(edges=edges, page_info=page_info(found))
"""

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from api.keyset import DEFAULT_SIZE, MAX_SIZE, Slice, Window

First = Annotated[
    int | None,
    strawberry.argument(description=f"Returns the first *n* elements. Default {DEFAULT_SIZE}, maximum {MAX_SIZE}."),
]
After = Annotated[str | None, strawberry.argument(description="Returns the elements after this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"Returns the last *n* elements. Maximum {MAX_SIZE}. Cannot be combined with `first`."
    ),
]
Before = Annotated[str | None, strawberry.argument(description="Returns the elements before this cursor.")]


@strawberry.type(description="Information to aid in pagination.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="True if there are more elements after this page.")
    has_previous_page: bool = strawberry.field(description="True if there are more elements before this page.")
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first element of this page; null if the page is empty."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last element of this page; null if the page is empty."
    )


def window(first: int | None, after: str | None, last: int | None = UNSET, before: str | None = UNSET) -> Window:
    """The window that these arguments select. Omitted arguments are UNSET. Raises BadUserInput."""
    return Window.of(*(None if value is UNSET else value for value in (first, after, last, before)))  # type: ignore[arg-type]


def page_info(found: Slice[Any]) -> PageInfo:
    """What is around these elements of a connection."""
    return PageInfo(
        has_next_page=found.has_next,
        has_previous_page=found.has_previous,
        start_cursor=found.cursors[0] if found.cursors else None,
        end_cursor=found.cursors[-1] if found.cursors else None,
    )
