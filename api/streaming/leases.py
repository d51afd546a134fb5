"""Who may write a streamed row, and until when: the statements that decide it, each within the database.

A row that waits has no writer; its lease is how long it may wait. A claimed row's lease runs out unless its
writer's heart beats. Every claim, restart, hand-back and regeneration raises the fence, and nothing resets it: a
writer whose fence is no longer the row's may not write, however long it slept.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Float, FromClause, Text, and_, bindparam, case, func, literal, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from api.streaming.batch import batch
from api.streaming.columns import Status, Streamed, database_now, deadline, now
from api.streaming.tracks import Stream

TRIES = 3
"""How often a reply that has shown nothing yet may be claimed; then something about it kills its writers."""

INTERRUPTED = "Whoever was writing this stopped before it was finished. Ask for it again."
UNCLAIMED = "Nobody was free to write this in time. Ask for it again in a moment."

StreamedModel = type[Streamed]

# What a statement locks, it locks in a CTE: a subquery is the planner's to run twice, and so to take more than it may.


def claim(model: StreamedModel, writer: UUID, *, limit: int, lease: float) -> ReturningUpdate[Any]:
    """Take the rows that have waited longest; whole rows come back. Two claimers never get the same one."""
    waiting = (
        select(model.id)
        .where(model.streaming, model.writer.is_(None), model.lease > database_now())
        .order_by(model.lease, model.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("waiting")
    )
    values = {"writer": writer, "fence": model.fence + 1, "tries": model.tries + 1, "lease": deadline(lease)}
    return update(model).where(model.id == waiting.c.id).values(values).returning(model.__table__)


def held(model: StreamedModel, rows: FromClause) -> CTE:
    """What a batch, with `id` and `fence`, says of those rows that are still this writer's and that nobody has locked.

    A writer waits for no lock. While it waited for one row it would hold up all its others, and could wait in a circle
    with somebody who deletes several of them.
    """
    mine = and_(model.id == rows.c.id, model.fence == rows.c.fence, model.streaming)
    ours = select(rows).join(model, mine)
    return ours.with_for_update(of=model, key_share=True, skip_locked=True).cte("held")


def beat(model: StreamedModel, dialect: str, fences: Mapping[UUID, int], *, lease: float) -> ReturningUpdate[Any]:
    """A heartbeat for rows with their fences; the ids that are still this writer's come back. Raises no revision."""
    mine = model.id == _held(model, dialect, fences).c.id
    return update(model).where(mine).values(lease=deadline(lease)).returning(model.id)


def hand_back(model: StreamedModel, dialect: str, fences: Mapping[UUID, int], *, wait: float) -> ReturningUpdate[Any]:
    """Let rows with their fences that have shown nothing yet wait for another writer; their ids come back."""
    mine = model.id == _held(model, dialect, fences).c.id
    values = {"writer": None, "fence": model.fence + 1, "lease": deadline(wait), "tries": model.tries - 1}
    return update(model).where(mine, _blank(model)).values(values).returning(model.id)


def _held(model: StreamedModel, dialect: str, fences: Mapping[UUID, int]) -> CTE:
    columns = {"id": model.id.type, "fence": model.fence.type}
    return held(model, batch(dialect, columns, [{"id": key, "fence": fence} for key, fence in fences.items()]))


@cache  # each process asks this every few seconds, for ever; putting it together costs more than asking
def settle(model: StreamedModel, *, wait: float) -> ReturningUpdate[Any]:
    """Decide every row whose lease ran out: restart it if it has shown nothing yet, else end it FAILED.

    Whole rows come back; those that still stream wait for a writer again, with the revision they had.
    """
    expired = (
        select(model.id)
        .where(model.streaming, model.lease < database_now())
        .order_by(model.id)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("expired")
    )
    restart = and_(model.writer.is_not(None), _blank(model), model.tries < TRIES)
    waited = model.writer.is_(None)
    values: dict[Any, Any] = {
        "status": case(
            (restart, literal(Status.STREAMING, model.status.type)), else_=literal(Status.FAILED, model.status.type)
        ),
        "revision": model.revision + case((restart, 0), else_=1),
        "fence": model.fence + 1,
        "writer": None,
        "lease": case((restart, deadline(wait)), else_=literal(None, Float())),
        "error_code": case((restart, literal(None, Text())), (waited, "TIMEOUT"), else_="INTERRUPTED"),
        "error_message": case((restart, literal(None, Text())), (waited, UNCLAIMED), else_=INTERRUPTED),
    }
    if "updated_at" in model.__table__.c:
        updated_at = model.__table__.c.updated_at
        values["updated_at"] = case(
            (restart, updated_at), else_=bindparam("settled_at", callable_=now, type_=updated_at.type)
        )
    return update(model).where(model.id == expired.c.id).values(values).returning(model.__table__)


def _blank(model: StreamedModel) -> ColumnElement[bool]:
    """Neither text nor reasoning was shown yet."""
    track = model.__track__
    assert isinstance(track, Stream)
    return and_(*(or_(getattr(model, name).is_(None), func.length(getattr(model, name)) == 0) for name in track.texts))
