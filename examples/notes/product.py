"""The product: its schema, its streamed model with a producer, its tables and its page."""

from contextlib import nullcontext
from pathlib import Path

import strawberry

from api.database import Database
from api.server import Product
from examples.notes.context import note_services
from examples.notes.models import Base, Note
from examples.notes.mutations import Mutation
from examples.notes.producer import write_note
from examples.notes.schema import Query, Subscription


def make_schema() -> strawberry.Schema:
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)


async def create_tables(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


NOTES = Product(
    name="Notes",
    schema=make_schema,
    services=note_services,
    streams={Note: lambda settings, database: nullcontext(write_note)},
    prepare=create_tables,
    page=Path(__file__).parent / "page" / "dist",
)
