"""Leases: the statements that decide who may write a streamed row, and until when. Each decides within the database.

A waiting row has no writer, and its lease says until when it waits. A claimed row's lease runs out unless its writer
sends updates or heartbeats. Every claim, restart, hand-back and regeneration raises the fence, and nothing lowers it. A
writer whose fence is not the row's can no longer write, however late it wakes.
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Float, FromClause, Select, Text, and_, bindparam, case, func, literal, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from api.streaming.batch import batch
from api.streaming.chunks import has_chunks, whole_texts
from api.streaming.columns import Status, Streamed, database_now, deadline, now
from api.streaming.fairness import fairly, held_up
from api.streaming.tracks import Stream, requester_of
from api.streaming.turns import behind

MAX_CLAIMS = 3
"""How often a row is claimed that starts again. After that it fails, since something about it seems to kill its
writers."""

INTERRUPTED = "Writing was interrupted before this text was finished. Ask for it again."
UNCLAIMED = "No worker was free in time to write this. Ask for it again in a moment."

StreamedModel = type[Streamed]

# Each statement locks its rows in a CTE. Postgres may run a subquery twice, and would then lock more rows than it may.


@lru_cache(maxsize=512)  # a worker runs it every second, with a limit that varies
def claim(model: StreamedModel, writer: UUID, *, limit: int, lease: float, at_once: int = 0) -> ReturningUpdate[Any]:
    """Claims the rows that have waited longest for this writer, at most `limit`, for `lease` seconds.

    Of a model with requesters, first those whose requesters have the fewest rows that are being written, and at most
    `at_once` of each; 0 is no limit. Returns whole rows. No two claims get the same row.
    """
    waits = and_(model.streaming, model.writer.is_(None), _still_waits(model), ~behind(model))
    chosen = select(model.id).where(waits)
    order: tuple[Any, ...] = (model.lease.nulls_first(), model.id)
    if requester_of(model) is not None:
        fair = fairly(model, waits, at_once)
        # Asked again of the row itself: another claim may have got it since.
        chosen = select(model.id).join(fair, fair.c.id == model.id).where(model.streaming, model.writer.is_(None))
        order = (fair.c.place, *order)
    waiting = (
        chosen.order_by(*order)
        .limit(limit)
        .with_for_update(of=model, key_share=True, skip_locked=True)
        .cte("waiting")
        .prefix_with("MATERIALIZED")
    )
    values = {"writer": writer, "fence": model.fence + 1, "tries": model.tries + 1, "lease": deadline(lease)}
    return update(model).where(model.id == waiting.c.id).values(values).returning(model.__table__)


def _still_waits(model: StreamedModel) -> ColumnElement[bool]:
    """Whether a waiting row may still be claimed. Without a lease it was behind another row, and did not count."""
    return or_(model.lease > database_now(), model.lease.is_(None))


def owned(model: StreamedModel, rows: FromClause, columns: Sequence[Any] = ()) -> CTE:
    """The rows of a batch, with `id` and `fence`, that still belong to this writer and that no transaction has locked.

    With `after_sequence` in the batch, only rows whose last append has this number. With these columns of the model, as
    they are now: what else the statement reads may be older than the lock.

    A writer waits for no lock. While it waited for one row, all its other rows would wait, too. It could also deadlock
    with a transaction that deletes several of them.
    """
    mine = and_(model.id == rows.c.id, model.fence == rows.c.fence, model.streaming)
    if "after_sequence" in rows.c:
        mine &= model.sequence.is_not_distinct_from(rows.c.after_sequence)
    ours = select(rows, *columns).select_from(rows).join(model, mine)
    return ours.with_for_update(of=model, key_share=True, skip_locked=True).cte("held").prefix_with("MATERIALIZED")


def heartbeat(model: StreamedModel, dialect: str, fences: Mapping[UUID, int], *, lease: float) -> ReturningUpdate[Any]:
    """Extends the leases of the rows in `fences` that belong to this writer, to `lease` seconds from now.

    Returns the ids of these rows. Raises no revision.
    """
    mine = model.id == _owned_by(model, dialect, fences).c.id
    return update(model).where(mine).values(lease=deadline(lease)).returning(model.id)


def renew(
    model: StreamedModel, dialect: str, appends: Sequence[Mapping[str, Any]], *, lease: float
) -> ReturningUpdate[Any]:
    """Accepts appends without text: like a heartbeat, and the row has the append's `sequence` from now on.

    Each append has the `id` and the `fence` of its row, and the `sequence` of the append before it as `after_sequence`.
    """
    columns = {"id": model.id.type, "fence": model.fence.type}
    columns |= dict.fromkeys(("sequence", "after_sequence"), model.sequence.type)
    ours = owned(model, batch(dialect, columns, appends))
    values = {"lease": deadline(lease), "sequence": ours.c.sequence}
    return update(model).where(model.id == ours.c.id).values(values).returning(model.id)


def hand_back(
    model: StreamedModel, dialect: str, fences: Mapping[UUID, int], *, wait: float, resumable: bool = False
) -> list[Any]:
    """Let the rows in `fences` that belong to this writer and have no text wait for another, for `wait` seconds.

    With `resumable`, those with text as well. Their claim counts: otherwise, they could be claimed for ever.

    The first statement locks the rows, so that the second sees all their chunks. It returns the ids of these rows.
    """
    ours = _owned_by(model, dialect, fences)
    mine = model.id == ours.c.id
    values = {"writer": None, "fence": model.fence + 1, "lease": deadline(wait), "tries": model.tries - 1}
    if resumable:
        values["tries"] = model.tries - case((has_no_text(model), 1), else_=0)
        return [select(ours.c.id), update(model).where(mine).values(values).returning(model.id)]
    return [select(ours.c.id), update(model).where(mine, has_no_text(model)).values(values).returning(model.id)]


def _owned_by(model: StreamedModel, dialect: str, fences: Mapping[UUID, int]) -> CTE:
    columns = {"id": model.id.type, "fence": model.fence.type}
    return owned(model, batch(dialect, columns, [{"id": key, "fence": fence} for key, fence in fences.items()]))


@cache  # every process runs it every few seconds, and building the statement costs more than running it
def settle(model: StreamedModel, *, wait: float, at_once: int = 0, resumable: bool = False) -> ReturningUpdate[Any]:
    """Settles every row whose lease ran out: a claimed row without text starts again, any other row fails. So does a
    row without text whose producer is outside: no worker has what it takes to write it. With `resumable`, a claimed row
    with text goes on from its text.

    Returns whole rows. A row that starts again keeps its revision and waits for a worker, for `wait` seconds. After
    MAX_CLAIMS claims it fails, too. A row that waits behind another of its turn, or for its requester to have fewer
    than `at_once` others written, has no lease: it gets one, for `wait` seconds, when that is over. The chunks of rows
    that ended are to be discarded.
    """
    waits = model.writer.is_(None)
    is_behind = or_(behind(model), held_up(model, at_once))
    lined_up = or_(and_(model.lease.is_not(None), is_behind), and_(model.lease.is_(None), ~is_behind))
    expired = (
        select(model.id, and_(waits, is_behind).label("pauses"), and_(waits, model.lease.is_(None)).label("begins"))
        .where(model.streaming, or_(model.lease < database_now(), and_(waits, lined_up)))
        .order_by(model.id)
        .with_for_update(of=model, key_share=True, skip_locked=True)
        .cte("expired")
        .prefix_with("MATERIALIZED")
    )
    waited = model.writer.is_(None)
    claimed = and_(model.writer.is_not(None), model.sequence.is_(None))
    starts_again = and_(claimed, model.tries < MAX_CLAIMS)
    if not resumable:
        starts_again &= has_no_text(model)
    unchanged = or_(expired.c.pauses, expired.c.begins)
    restart = or_(unchanged, starts_again)
    values: dict[Any, Any] = {
        "status": case(
            (restart, literal(Status.STREAMING, model.status.type)), else_=literal(Status.FAILED, model.status.type)
        ),
        "revision": model.revision + case((restart, 0), else_=1),
        "fence": model.fence + case((unchanged, 0), else_=1),
        "writer": case((restart, literal(None, model.writer.type)), else_=model.writer),
        "lease": case(
            (expired.c.pauses, literal(None, Float())), (restart, deadline(wait)), else_=literal(None, Float())
        ),
        "error_code": case((restart, literal(None, Text())), (waited, "TIMEOUT"), else_="INTERRUPTED"),
        "error_message": case((restart, literal(None, Text())), (waited, UNCLAIMED), else_=INTERRUPTED),
        # The text of a row that goes on stays where it is. In both places, it would be there twice.
        **{name: case((restart, model.__table__.c[name]), else_=text) for name, text in whole_texts(model).items()},
    }
    if "updated_at" in model.__table__.c:
        updated_at = model.__table__.c.updated_at
        values["updated_at"] = case(
            (restart, updated_at), else_=bindparam("settled_at", callable_=now, type_=updated_at.type)
        )
    return update(model).where(model.id == expired.c.id).values(values).returning(model.__table__)


@cache
def touch_expired(model: StreamedModel) -> ReturningUpdate[Any]:
    """Writes the rows whose leases ran out as they are. It fails while the database can read and not write, for example
    on a full disk: then their writers could not extend the leases either."""
    expired = (
        select(model.id)
        .where(model.streaming, model.lease < database_now())
        .order_by(model.id)
        .with_for_update(of=model, key_share=True, skip_locked=True)
        .cte("expired")
        .prefix_with("MATERIALIZED")
    )
    return update(model).where(model.id == expired.c.id).values(lease=model.lease).returning(model.id)


def has_no_text(model: StreamedModel) -> ColumnElement[bool]:
    """Whether all streamed columns of a row are NULL or empty, and it has no chunks."""
    track = model.__track__
    assert isinstance(track, Stream)
    stored = (getattr(model, name) for name in track.texts)
    return and_(*(or_(text.is_(None), func.length(text) == 0) for text in stored), ~has_chunks(model))


@cache  # every process runs it every few seconds, too
def waiting(model: StreamedModel, *, wait: float) -> Select[int, float]:
    """How many rows can be claimed now, as `rows`, and the longest wait of one of them in seconds, as `longest`.

    `wait` is how long a row may wait: its lease says until when. Rows behind another of their turn do not count.
    """
    waited = database_now() + literal(wait) - func.min(model.lease)
    can_be_claimed = (model.streaming, model.writer.is_(None), model.lease.is_not(None), ~behind(model))
    return select(func.count().label("rows"), func.coalesce(waited, 0.0).label("longest")).where(*can_be_claimed)
