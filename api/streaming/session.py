"""Sessions whose commits announce what they changed, each change on the track of the state that it started from.

A `TrackedSession` notes every tracked row that its flushes insert, update or delete. As the last step before the commit
it raises the revision of each changed or touched row by 1, children before parents, in sorted order. After the commit,
and only then, it passes the announcements to the publisher. The rollback of a savepoint discards the changes of that
savepoint alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Table, event, inspect, select, update
from sqlalchemy.orm import Session, SessionTransaction, object_session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import MANYTOONE

from api.streaming import announcements, channels, snapshot, turns
from api.streaming.announcements import PendingEvent
from api.streaming.columns import now
from api.streaming.gathering import discard_chunks, gather
from api.streaming.guard import ANNOUNCED, noted_tables
from api.streaming.publisher import Publisher
from api.streaming.tracks import Stream, Tracked, Untracked, in_lock_order, is_streaming, related_model, sync_of

TrackedModel = type[Tracked]
RowKey = tuple[TrackedModel, UUID]

FIRST_REVISION = 1
"""Revision of a new row, whatever else its transaction does to it."""


@dataclass
class _Changes:
    """What one transaction, or one savepoint in it, has changed so far."""

    inserted: set[RowKey] = field(default_factory=set)
    raised: set[RowKey] = field(default_factory=set)
    """Changed and touched rows, whose revisions rise."""
    streamed: set[RowKey] = field(default_factory=set)
    """Rows that were streaming when they were changed or deleted."""
    started: set[RowKey] = field(default_factory=set)
    """Rows that were not streaming and now are."""
    deleted: set[RowKey] = field(default_factory=set)
    access_lost: set[RowKey] = field(default_factory=set)
    """Rows whose access epoch was changed."""
    cancelled: set[tuple[UUID, UUID, int]] = field(default_factory=set)
    """Rows that a worker was writing: the worker's id, the row's id and its fence."""
    enqueued: set[tuple[TrackedModel, UUID]] = field(default_factory=set)
    """Models with rows that now wait for a worker."""

    def merge(self, other: "_Changes") -> None:
        for each in fields(self):
            getattr(self, each.name).update(getattr(other, each.name))


@dataclass
class _Level:
    """A transaction, or a savepoint in it. Its changes join those of the enclosing level once it is committed."""

    transaction: SessionTransaction
    changes: _Changes = field(default_factory=_Changes)
    committed: bool = False


class TrackedSession(Session):
    """A session whose commits announce what they changed. Its `info["publisher"]` takes the announcements."""

    _levels: list[_Level]
    _pending: list[PendingEvent]
    _enqueued: list[tuple[TrackedModel, UUID]]  # rows that wait for a worker from now on

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._levels = []
        self._pending = []
        self._enqueued = []

    @property
    def publisher(self) -> Publisher:
        return cast(Publisher, self.info["publisher"])

    @property
    def changes(self) -> _Changes:
        return self._levels[-1].changes

    def flush(self, objects: Any = None) -> None:
        mark = noted_tables.set(frozenset())
        try:
            super().flush(objects)
        finally:
            noted_tables.reset(mark)


@event.listens_for(TrackedSession, "after_transaction_create")
def _open_level(session: TrackedSession, transaction: SessionTransaction) -> None:
    if transaction.nested or transaction.parent is None:
        session._levels.append(_Level(transaction))


@event.listens_for(TrackedSession, "after_transaction_end")
def _close_level(session: TrackedSession, transaction: SessionTransaction) -> None:
    """Keep the changes of a committed savepoint. What was rolled back, or never ended, is not announced.

    SQLAlchemy's rollback events come later than this one.
    """
    if session._levels and session._levels[-1].transaction is transaction:
        level = session._levels.pop()
        if level.committed and session._levels:
            session.changes.merge(level.changes)
        if not session._levels:
            session._pending.clear()
            session._enqueued.clear()


def _changes_for(row: Any) -> _Changes | None:
    """The changes to which the flush adds this row. None if the row is not tracked."""
    session = object_session(row)
    if not isinstance(session, TrackedSession) or isinstance(row.__track__, Untracked):
        return None
    noted_tables.set(noted_tables.get() | {row.__tablename__})
    return session.changes


# These events see every row that a flush writes. The session's own lists (`new`, `dirty`, `deleted`) lack orphans and
# rows whose foreign keys the flush sets to NULL.


@event.listens_for(Tracked, "before_insert", propagate=True)
def _note_insert(_: Any, connection: Connection, row: Any) -> None:
    if (changes := _changes_for(row)) is None:
        return
    turns.queue_insert(connection, row)
    if hasattr(row, "revision"):
        if row.id is None:  # SQLAlchemy would set the default only after this event
            row.id = type(row).__table__.c.id.default.arg(None)
        changes.inserted.add((type(row), row.id))
    if is_streaming(row) and row.sequence is None:
        changes.enqueued.add((type(row), row.id))
    changes.raised.update(_parents(row))


@event.listens_for(Tracked, "before_update", propagate=True)
def _note_update(_: Any, connection: Connection, row: Any) -> None:
    if (changes := _changes_for(row)) is None or not (former := _former_values(row)):
        return
    model, track = type(row), row.__track__
    if hasattr(row, "revision"):
        changes.raised.add((model, row.id))
    if is_streaming(row, former):
        gather(connection, row)
        changes.streamed.add((model, row.id))
        if writer := former.get("writer") or row.writer:
            changes.cancelled.add((writer, row.id, former.get("fence") or row.fence))
    else:
        if is_streaming(row):
            discard_chunks(connection, row)
            if row.sequence is None:
                changes.enqueued.add((model, row.id))
            changes.started.add((model, row.id))
        changes.raised.update(_parents(row))
    if (epoch := sync_of(track).epoch) and epoch in former:
        changes.access_lost.add((model, row.id))


@event.listens_for(Tracked, "before_delete", propagate=True)
def _note_delete(_: Any, __: Any, row: Any) -> None:
    if (changes := _changes_for(row)) is None:
        return
    if hasattr(row, "revision"):
        changes.deleted.add((type(row), row.id))
    if is_streaming(row):
        changes.streamed.add((type(row), row.id))
        if row.writer is not None:
            changes.cancelled.add((row.writer, row.id, row.fence))
    changes.raised.update(_parents(row))


def _former_values(row: Any) -> dict[str, Any]:
    """The former values of the columns that changed since the last flush."""
    attributes = inspect(row).attrs
    histories = {name: attributes[name].history for name in inspect(type(row)).columns.keys()}  # noqa: SIM118
    return {name: (old.deleted[0] if old.deleted else None) for name, old in histories.items() if old.has_changes()}


def _parents(row: Any) -> Iterator[tuple[TrackedModel, UUID]]:
    """The rows that this one touches by its own foreign keys. If a key changed, also the row that it named before."""
    for name in sync_of(row.__track__).touched:
        relationship = inspect(type(row)).relationships[name]
        if relationship.direction is not MANYTOONE:
            continue  # `_touched_collections` queries these before the commit, when the collection is final
        local = next(iter(relationship.local_columns)).key
        history = inspect(row).attrs[local].history
        related = getattr(row, name) if name in inspect(row).dict else None
        for key in {*history.sum(), related.id if related is not None else None} - {None}:
            yield related_model(type(row), name), key


@event.listens_for(TrackedSession, "before_commit")
def _raise_revisions(session: TrackedSession) -> None:
    """Raise the revisions of all changed and touched rows, and prepare the announcements."""
    if session.in_nested_transaction():
        return
    session.flush()
    changes = session.changes
    if changes == _Changes():
        return
    raised: dict[TrackedModel, set[UUID]] = defaultdict(set)
    for model, key in changes.raised:
        raised[model].add(key)
    for model in in_lock_order():
        inserted = {key for kind, key in changes.inserted if kind is model}
        deleted = {key for kind, key in changes.deleted if kind is model}
        streamed: set[UUID] = set()
        for row in _raise(session, model, raised[model] - inserted - deleted):
            if _was_streaming(model, row, changes):
                streamed.add(row.id)
                session._pending += announcements.on_stream(model, row._mapping)
            else:
                session._pending += announcements.on_sync(model, row.id, row.revision)
        for key in inserted - deleted:
            session._pending += announcements.on_sync(model, key, FIRST_REVISION)
        touching = (raised[model] | inserted) - deleted - streamed
        # They are locked now: a transaction that changes their collections has committed, or waits for this one.
        for other, keys in _touched_collections(session, model, touching):
            raised[other].update(keys)
    for model, key in changes.deleted:
        session._pending += announcements.deleted(model, key, streams=(model, key) in changes.streamed)
    for model, key in changes.access_lost - changes.deleted:
        epoch = session.scalar(select(getattr(model, sync_of(model.__track__).epoch)).where(model.id == key))  # type: ignore[arg-type, attr-defined]
        session._pending.append(PendingEvent(channels.ACCESS, f"{key.hex} {epoch}", epoch or 0, key.hex))
    for writer, key, fence in changes.cancelled:
        session._pending.append(PendingEvent(channels.writer(writer), f"{key.hex} {fence}", fence, key.hex))
    session._enqueued = list(changes.enqueued)
    for model in {model for model, _ in changes.enqueued}:
        session._pending.append(PendingEvent(channels.work(model.__tablename__), ""))


def _raise(session: Session, model: TrackedModel, keys: set[UUID]) -> Iterable[Any]:
    """Raise the revisions of these rows by 1. Returns the columns that an announcement needs.

    The rows are locked in sorted order before they are changed, so transactions that share rows queue and cannot
    deadlock. That takes two statements: a single one would change the rows as it saw them when it began. Postgres would
    then ask again for the lock of a version that was replaced meanwhile, behind a transaction that holds that lock and
    waits for this one.
    """
    if not keys:
        return []
    table = cast(Table, model.__table__)
    these = table.c.id.in_(sorted(keys))
    session.execute(select(table.c.id).where(these).order_by(table.c.id).with_for_update(key_share=True))
    values: dict[str, Any] = {"revision": table.c.revision + 1}
    if "updated_at" in table.c:
        values["updated_at"] = now()
    raised = update(table).where(these).values(values).returning(*announcements.columns(model))
    rows = session.execute(raised, execution_options={ANNOUNCED: True}).all()
    for row in rows:
        loaded = session.identity_map.get(inspect(model).identity_key_from_primary_key((row.id,)))
        if loaded is not None:
            for name in values:
                set_committed_value(loaded, name, row._mapping[name])
    return rows


def _was_streaming(model: TrackedModel, row: Any, changes: _Changes) -> bool:
    """Whether the row was on the stream track before. A row that was only touched is in the same state as before."""
    if (model, row.id) in changes.streamed:
        return True
    if (model, row.id) in changes.started or not isinstance(model.__track__, Stream):
        return False
    return is_streaming(snapshot.from_values(model, row._mapping))


def _touched_collections(
    session: Session, model: TrackedModel, keys: set[UUID]
) -> Iterator[tuple[TrackedModel, Iterable[UUID]]]:
    """The rows that these touch through a collection, such as a chat's participants, by model."""
    for name in sync_of(model.__track__).touched:  # type: ignore[arg-type]
        if keys and inspect(model).relationships[name].direction is not MANYTOONE:
            other = related_model(model, name)
            found = select(other.id).select_from(model).join(getattr(model, name)).where(model.id.in_(keys))  # type: ignore[attr-defined]
            yield other, session.scalars(found)


@event.listens_for(TrackedSession, "after_commit")
def _announce(session: TrackedSession) -> None:
    session._levels[-1].committed = True
    if session.in_nested_transaction():
        return
    events, session._pending = session._pending, []
    enqueued, session._enqueued = session._enqueued, []
    session.publisher.announce(events)
    for model, key in enqueued:
        session.publisher.observer.enqueued(model, key)
