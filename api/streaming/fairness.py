"""Fairness: rows are written on behalf of requesters, and none of these may keep all workers busy.

See `on_behalf_of` of `Stream`.

A requester has at most so many rows written at once. Workers claim first the rows of those who have the fewest.
"""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, false, func, select, true

from api.streaming.columns import Streamed
from api.streaming.tracks import requester_of


def _busy(model: type[Streamed]) -> Select[Any]:
    """How many rows of each requester are being written. Those of outside producers do not count."""
    requester = _requester(model)
    written = and_(model.streaming, model.writer.is_not(None), model.sequence.is_(None), requester.is_not(None))
    return select(requester.label("requester"), func.count().label("rows")).where(written).group_by(requester)


def held_up(model: type[Streamed], at_once: int) -> ColumnElement[bool]:
    """Whether the row's requester has so many rows written already. Never with 0, which is no limit."""
    if requester_of(model) is None or at_once == 0:
        return false()
    busy = _busy(model).having(func.count() >= at_once).subquery()
    found: ColumnElement[bool] = _requester(model).in_(select(busy.c.requester))
    return found


def fairly(model: type[Streamed], waits: ColumnElement[bool], at_once: int) -> CTE:
    """The rows that wait and may be claimed, with `id` and `place`.

    The place says how many rows of its requester are being written or have waited longer, with the row itself. It is 1
    for a row without a requester.
    """
    requester = _requester(model)
    busy = _busy(model).cte("busy")
    rank = func.row_number().over(partition_by=requester, order_by=(model.lease.nulls_first(), model.id))
    place = case((requester.is_(None), 1), else_=func.coalesce(busy.c.rows, 0) + rank)
    ranked = (
        select(model.id, place.label("place")).outerjoin(busy, busy.c.requester == requester).where(waits).cte("ranked")
    )
    may = ranked.c.place <= at_once if at_once else true()
    return select(ranked).where(may).cte("fair").prefix_with("MATERIALIZED")


def _requester(model: type[Streamed]) -> Any:
    column = requester_of(model)
    assert column is not None
    return getattr(model, column)
