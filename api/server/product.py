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
from api.server.runtime import Runtime
from api.settings import Settings
from api.streaming.columns import Streamed
from api.streaming.draft import Draft

if TYPE_CHECKING:
    import strawberry

    from api.graphql.context import Services

Produce = Callable[[Any, Draft], Awaitable[None]]
"""Appends the text of a claimed row to its draft. If it returns, the row is COMPLETE; if it raises, FAILED."""

Producer = Callable[[Settings, Database], AbstractAsyncContextManager[Produce]]
"""Opens what a worker needs to produce the text of a model's rows, for example a connection to a provider."""


async def no_tables(database: Database) -> None:
    """For products whose tables all come from the migrations."""


@dataclass(frozen=True)
class Product:
    """One application. Its parts are functions, so that a process imports only what it runs."""

    name: str
    schema: "Callable[[], strawberry.Schema]"
    services: "Callable[[Runtime], AbstractAsyncContextManager[Services]]"
    """Opens what its resolvers find in `info.context.services`."""
    streams: Mapping[type[Streamed], Producer]
    """Its streamed models, each with the producer of its text. Importing the product registers their access rules."""
    page: Path
    """The folder with the built page: `index.html`, and `assets/` with files whose names contain a hash."""
    page_paths: tuple[str, ...] = ("",)
    """Paths that serve the page. A path that ends with `/` stands for all paths below it.

    Browsers get the page at all other paths too, with status 404."""
    resumable: frozenset[type[Streamed]] = frozenset()
    """The models whose producers go on from the text that a row has. With `ON_LOST=continue`, a row of theirs whose
    writer is lost does not fail."""
    prepare: Callable[[Database], Awaitable[None]] = field(default=no_tables)
    """Makes the tables that do not come from the migrations."""
