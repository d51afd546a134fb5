"""Snapshots: whole rows as they travel. A row is encoded once where it changed, and decoded once in each process that
has subscribers for it.

A snapshot is an instance of its model that belongs to no session. All subscribers share it, so it must not be changed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache, partial
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.instrumentation import manager_of_class

from api.streaming.tolerant import read_key, readable
from api.streaming.tracks import Tracked

Decoder = Callable[[Any], Any]
Row = TypeVar("Row", bound=Tracked)

DELETED_REVISION = 1 << 62
"""Revision of a deletion. It is greater than that of any row, so a deletion wins wherever the greater revision does."""

DELETED_MESSAGE = ""
"""The message that announces a deletion."""

STREAMED_PREFIX = "~"
"""Marks a revision on the sync track that the stream track has delivered. Pages need no refetch for it."""


def encode(values: Mapping[str, Any]) -> str:
    """A row's values by column name as a JSON text. UUIDs, datetimes and enums become strings."""
    # SQLAlchemy's names of expressions and asyncpg's UUIDs are of subclasses that orjson does not know.
    return orjson.dumps({str(name): value for name, value in values.items()}, default=str).decode()


def decode(model: type[Row], message: str | bytes) -> Row:
    """The snapshot of a row of this model, from the text that `encode` returned for it."""
    values = orjson.loads(message)
    for name, decoder in _decoders(inspect(model)):
        if values.get(name) is not None:
            values[name] = decoder(values[name])
    return from_values(model, values)


def from_values(model: type[Row], values: Mapping[str, Any]) -> Row:
    """An instance with these column values that belongs to no session. Setting them causes no SQLAlchemy events."""
    row: Row = manager_of_class(model).new_instance()
    row.__dict__.update(values)
    return row


def values_of(row: Tracked) -> dict[str, Any]:
    """All column values of a loaded row by column name."""
    return {name: getattr(row, name) for name in inspect(type(row)).columns.keys()}  # noqa: SIM118


@cache
def _decoders(mapper: Mapper[Any]) -> list[tuple[str, Decoder]]:
    decoders: list[tuple[str, Decoder]] = []
    for name, column in mapper.columns.items():
        kind = column.type.python_type
        if issubclass(kind, datetime):
            decoders.append((name, partial(readable, datetime.fromisoformat)))
        elif issubclass(kind, Enum):
            decoders.append((name, partial(readable, kind)))
        elif issubclass(kind, UUID):
            decoders.append((name, read_key))
    return decoders
