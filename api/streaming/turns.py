"""Turns: rows of a model that are written one after the other; see `in_turn` of `Stream`.

The order of creation is the order of `position`. Transactions that insert rows of the same turn wait for each other, so
that a row that commits later has a greater position.
"""

from typing import Any

from sqlalchemy import Connection, and_, exists, false, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from api.streaming.columns import Streamed
from api.streaming.tracks import turn_of


def behind(model: type[Streamed]) -> ColumnElement[bool]:
    """Whether an earlier row of the same turn is unfinished. The rows of outside producers take no turn."""
    column = turn_of(model)
    if column is None:
        return false()
    earlier = aliased(model)
    is_earlier = or_(earlier.position < model.position, and_(earlier.position == model.position, earlier.id < model.id))
    same_turn = getattr(earlier, column) == getattr(model, column)
    unfinished = and_(earlier.streaming, earlier.sequence.is_(None))
    return exists(select(literal(1)).where(same_turn, unfinished, is_earlier))


def queue_insert(connection: Connection, row: Any) -> None:
    """Wait until no other transaction is inserting into the row's turn. Held until the transaction ends.

    SQLite has one writer, and needs no lock.
    """
    column = turn_of(type(row))
    if column is None or connection.dialect.name != "postgresql" or (value := getattr(row, column)) is None:
        return
    lock = func.pg_advisory_xact_lock(func.hashtext(row.__tablename__), func.hashtext(str(value)))
    connection.execute(select(lock))
