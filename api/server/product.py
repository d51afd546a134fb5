"""What distinguishes one product on the two tracks from another: its schema, its streamed models and its page.

NOTES = Product(
    name="Notes",
    schema=make_schema,
    services=note_services,
    streams={Note: writing_notes},
    page=Path("page/dist"),
)
app = create_app(Settings.load(), NOTES)
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.database import Database
from api.settings import Settings
from api.streaming.columns import Streamed
from api.streaming.draft import Draft

if TYPE_CHECKING:
    import strawberry

    from api.graphql.context import Services
    from api.server.runtime import Runtime

Produce = Callable[[Any, Draft], Awaitable[None]]
"""Appends a claimed row's text to its draft. Returning completes the row, an exception fails it."""

Producer = Callable[[Settings, Database], AbstractAsyncContextManager[Produce]]
"""Opens what a worker needs to produce the text of a model's rows, such as a connection to a provider."""


async def no_tables(database: Database) -> None:
    """For products without tables of their own."""


@dataclass(frozen=True)
class Product:
    """One application. Its parts are functions, so that a process loads only what it runs."""

    name: str
    schema: "Callable[[], strawberry.Schema]"
    services: "Callable[[Runtime], AbstractAsyncContextManager[Services]]"
    """Opens what its resolvers find in `info.context.services`."""
    streams: Mapping[type[Streamed], Producer]
    """Its streamed models, each with the producer that a worker calls."""
    page: Path
    """The folder with the built page: `index.html`, and `assets/` with files whose names tell their content."""
    page_paths: tuple[str, ...] = ("",)
    """Paths that serve the page; one that ends with `/` stands for all paths below it."""
    prepare: Callable[[Database], Awaitable[None]] = field(default=no_tables)
    """Makes tables that the migrations do not know."""
