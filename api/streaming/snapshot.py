"""A row as it travels: encoded once where it changed, decoded once in each process where somebody watches.

A snapshot is an instance of its model that belongs to no session. Nobody may change it: all readers share it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.instrumentation import manager_of_class

from api.streaming.tracks import Tracked

Decoder = Callable[[Any], Any]
Row = TypeVar("Row", bound=Tracked)

DELETED = 1 << 62
"""The revision of a deletion: greater than any that a row can reach, so that it wins wherever the greatest does."""

DELETION = ""
"""The message that announces a deletion."""

STREAMED = "~"
"""On the sync track, before a revision that the stream track delivered: pages pass it over."""


def encode(values: Mapping[str, Any]) -> str:
    """A row's values by column name as JSON text: UUIDs, moments and enums as their strings."""
    return orjson.dumps(dict(values), default=str).decode()  # asyncpg has a UUID of its own


def decode(model: type[Row], message: str | bytes) -> Row:
    """The snapshot that `encode` made of a row of this model."""
    values = orjson.loads(message)
    for name, decoder in _decoders(inspect(model)):
        if values.get(name) is not None:
            values[name] = decoder(values[name])
    return assembled(model, values)


def assembled(model: type[Row], values: Mapping[str, Any]) -> Row:
    """An instance that belongs to no session, its columns set without the events that a change would cause."""
    row: Row = manager_of_class(model).new_instance()
    row.__dict__.update(values)
    return row


def values_of(row: Tracked) -> dict[str, Any]:
    """All column values of a loaded row, by name."""
    return {name: getattr(row, name) for name in inspect(type(row)).columns.keys()}  # noqa: SIM118


@cache
def _decoders(mapper: Mapper[Any]) -> list[tuple[str, Decoder]]:
    decoders: list[tuple[str, Decoder]] = []
    for name, column in mapper.columns.items():
        kind = column.type.python_type
        if issubclass(kind, datetime):
            decoders.append((name, datetime.fromisoformat))
        elif issubclass(kind, UUID | Enum):
            decoders.append((name, kind))
    return decoders
