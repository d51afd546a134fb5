"""Restoring: what the rows of a restored database need before processes use it.

Clients, subscribers and writers may remember numbers that are greater than those in a backup: revisions, access epochs
and fencing tokens of the database that was replaced. Each keeps the greater number, so all of them are raised beyond.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Float, Select, Update, case, false, func, literal, select, update
from sqlalchemy.sql.elements import ColumnElement

from api.streaming.columns import Streamed
from api.streaming.tracks import Tracked, Untracked, sync_of

RAISE = 1_000_000
"""What a restore adds to each number. No row may have changed more often since the backup."""

LARGEST = 2**31 - 1 - 100_000
"""The largest number that a restore may reach. GraphQL's Int ends at 2**31 - 1; what is left is for later changes."""

TrackedModel = type[Tracked]


def rising_columns(model: TrackedModel) -> list[str]:
    """The names of the model's columns that nothing else ever lowers."""
    track = model.__track__
    if isinstance(track, Untracked):
        return []
    names = ("revision", "fence", sync_of(track).epoch or "")
    return [name for name in names if name in model.__table__.c]


def largest_numbers(models: Iterable[TrackedModel]) -> Select[Any]:
    """Returns one row: the largest number in each rising column of these models, NULL if the table is empty."""
    columns = [model.__table__.c[name] for model in models for name in rising_columns(model)]
    return select(*(select(func.max(column)).scalar_subquery() for column in columns))


def raise_numbers(model: TrackedModel, amount: int) -> Update:
    """Adds the amount to every rising column of every row, and lets go of the rows that were being written."""
    table = model.__table__
    return _restored(model, {name: table.c[name] + amount for name in rising_columns(model)})


def lower_numbers(model: TrackedModel) -> Update:
    """Starts every rising column again: revisions at 1, all others at 0."""
    return _restored(model, {name: int(name == "revision") for name in rising_columns(model)})


def _restored(model: TrackedModel, values: dict[str, Any]) -> Update:
    if issubclass(model, Streamed):
        values["lease"] = _lease(model)
    return update(model).values(values)


def _lease(model: type[Streamed]) -> ColumnElement[float | None]:
    """The sweep decides about the rows that were being written, with its own rules: their leases have run out.

    A row that waited for a worker gets a new time to wait. It begins with the first sweep, not with the restore.
    """
    waits = model.writer.is_(None)
    return case((~model.streaming, model.lease), (waits, literal(None, Float())), else_=literal(0.0, Float()))


def next_position(model: type[Streamed]) -> Select[Any]:
    """Sets the sequence of positions on Postgres after the last row's: a restore of single tables leaves it behind."""
    table = model.__table__
    sequence = func.pg_get_serial_sequence(model.__tablename__, "position")
    last = select(func.coalesce(func.max(table.c.position), 0)).scalar_subquery()
    return select(func.setval(sequence, func.greatest(last + 1, func.nextval(sequence)), false()))
