"""Sessions whose commits announce what they changed, on the track of the state that each change started from.

A `TrackedSession` notes every tracked row that its flushes make, change or delete. As the last act before commit
it raises each changed or touched row's revision by one, children before parents, in sorted order. After commit,
and only then, it hands the announcements to the publisher; a savepoint's rollback takes back only its own part.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, event, inspect, select, update
from sqlalchemy.orm import Session, SessionTransaction, object_session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import MANYTOONE

from api.streaming import announcements, channels, snapshot
from api.streaming.announcements import PendingEvent
from api.streaming.columns import now
from api.streaming.guard import ANNOUNCED, noted_tables
from api.streaming.publisher import Publisher
from api.streaming.tracks import Stream, Tracked, Untracked, by_depth, streaming, sync_of, target

TrackedModel = type[Tracked]

FIRST_REVISION = 1
"""Of a new row, whatever else its transaction does to it."""


@dataclass
class _Changes:
    """What one transaction, or one savepoint in it, has changed so far."""

    made: set[tuple[TrackedModel, UUID]] = field(default_factory=set)
    raised: set[tuple[TrackedModel, UUID]] = field(default_factory=set)
    streamed: set[tuple[TrackedModel, UUID]] = field(default_factory=set)
    started: set[tuple[TrackedModel, UUID]] = field(default_factory=set)
    deleted: set[tuple[TrackedModel, UUID]] = field(default_factory=set)
    lost: set[tuple[TrackedModel, UUID]] = field(default_factory=set)
    dismissed: set[tuple[UUID, UUID, int]] = field(default_factory=set)
    waiting: set[TrackedModel] = field(default_factory=set)

    def merge(self, other: "_Changes") -> None:
        for name in ("made", "raised", "streamed", "started", "deleted", "lost", "dismissed", "waiting"):
            getattr(self, name).update(getattr(other, name))


@dataclass
class _Level:
    """A transaction, or a savepoint in it. Its changes count for what is around it only once it is committed."""

    transaction: SessionTransaction
    changes: _Changes = field(default_factory=_Changes)
    committed: bool = False


class TrackedSession(Session):
    """A session whose commits announce what they changed. Its `info["publisher"]` takes the announcements."""

    _levels: list[_Level]
    _pending: list[PendingEvent]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._levels = []
        self._pending = []

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
    """Rolled back, or never ended: nobody hears of it. The events of a rollback come later than this one."""
    if session._levels and session._levels[-1].transaction is transaction:
        level = session._levels.pop()
        if level.committed and session._levels:
            session.changes.merge(level.changes)
        if not session._levels:
            session._pending.clear()


def _noting(row: Any) -> _Changes | None:
    """Where to note what the flush does to this row, if it is tracked."""
    session = object_session(row)
    if not isinstance(session, TrackedSession) or isinstance(row.__track__, Untracked):
        return None
    noted_tables.set(noted_tables.get() | {row.__tablename__})
    return session.changes


# These see every row that a flush writes: orphans, and keys that it sets to NULL, are not in the session's own lists.


@event.listens_for(Tracked, "before_insert", propagate=True)
def _note_made(_: Any, __: Any, row: Any) -> None:
    if (changes := _noting(row)) is None:
        return
    if hasattr(row, "revision"):
        if row.id is None:  # the column's default would come too late to be noted
            row.id = type(row).__table__.c.id.default.arg(None)
        changes.made.add((type(row), row.id))
    if streaming(row):
        changes.waiting.add(type(row))
    changes.raised.update(_parents(row))


@event.listens_for(Tracked, "before_update", propagate=True)
def _note_changed(_: Any, __: Any, row: Any) -> None:
    if (changes := _noting(row)) is None or not (before := _before(row)):
        return
    model, track = type(row), row.__track__
    if hasattr(row, "revision"):
        changes.raised.add((model, row.id))
    if streaming(row, before):
        changes.streamed.add((model, row.id))
        if writer := before.get("writer") or row.writer:
            changes.dismissed.add((writer, row.id, before.get("fence") or row.fence))
    else:
        if streaming(row):
            changes.waiting.add(model)
            changes.started.add((model, row.id))
        changes.raised.update(_parents(row))
    if (epoch := sync_of(track).epoch) and epoch in before:
        changes.lost.add((model, row.id))


@event.listens_for(Tracked, "before_delete", propagate=True)
def _note_deleted(_: Any, __: Any, row: Any) -> None:
    if (changes := _noting(row)) is None:
        return
    if hasattr(row, "revision"):
        changes.deleted.add((type(row), row.id))
    if streaming(row):
        changes.streamed.add((type(row), row.id))
        if row.writer is not None:
            changes.dismissed.add((row.writer, row.id, row.fence))
    changes.raised.update(_parents(row))


def _before(row: Any) -> dict[str, Any]:
    """The former values of the columns that changed since the last flush."""
    attributes = inspect(row).attrs
    histories = {name: attributes[name].history for name in inspect(type(row)).columns.keys()}  # noqa: SIM118
    return {name: (old.deleted[0] if old.deleted else None) for name, old in histories.items() if old.has_changes()}


def _parents(row: Any) -> Iterator[tuple[TrackedModel, UUID]]:
    """The rows that this one touches by its own foreign keys, the former one too where it moved."""
    for name in sync_of(row.__track__).touched:
        relationship = inspect(type(row)).relationships[name]
        if relationship.direction is not MANYTOONE:
            continue  # found by a query before commit, when the membership is settled
        local = next(iter(relationship.local_columns)).key
        history = inspect(row).attrs[local].history
        related = getattr(row, name) if name in inspect(row).dict else None
        for key in {*history.sum(), related.id if related is not None else None} - {None}:
            yield target(type(row), name), key


@event.listens_for(TrackedSession, "before_commit")
def _raise_revisions(session: TrackedSession) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    changes = session.changes
    if changes == _Changes():
        return
    pending: dict[TrackedModel, set[UUID]] = defaultdict(set)
    for model, key in changes.raised:
        pending[model].add(key)
    for model in by_depth():
        made = {key for kind, key in changes.made if kind is model}
        gone = {key for kind, key in changes.deleted if kind is model}
        streaming_rows: set[UUID] = set()
        for row in _raise(session, model, pending[model] - made - gone):
            if _was_streaming(model, row, changes):
                streaming_rows.add(row.id)
                session._pending += announcements.on_stream(model, row._mapping)
            else:
                session._pending += announcements.on_sync(model, row.id, row.revision)
        for key in made - gone:
            session._pending += announcements.on_sync(model, key, FIRST_REVISION)
        # Once the row is locked: whoever joins or leaves in another transaction has by now, or will wait for ours.
        _touch_collections(session, model, (pending[model] | made) - gone - streaming_rows, pending)
    for model, key in changes.deleted:
        session._pending += announcements.deleted(model, key, streams=(model, key) in changes.streamed)
    for model, key in changes.lost - changes.deleted:
        epoch = session.scalar(select(getattr(model, sync_of(model.__track__).epoch)).where(model.id == key))  # type: ignore[arg-type, attr-defined]
        session._pending.append(PendingEvent(channels.ACCESS, f"{key.hex} {epoch}", epoch or 0, key.hex))
    for writer, key, fence in changes.dismissed:
        session._pending.append(PendingEvent(channels.writer(writer), f"{key.hex} {fence}", fence, key.hex))
    for model in changes.waiting:
        session._pending.append(PendingEvent(channels.work(model.__tablename__), ""))


def _touch_collections(
    session: Session, model: TrackedModel, keys: set[UUID], pending: dict[TrackedModel, set[UUID]]
) -> None:
    """Whom these rows touch through a collection, such as a chat's participants."""
    for name in sync_of(model.__track__).touched:  # type: ignore[arg-type]
        if keys and inspect(model).relationships[name].direction is not MANYTOONE:
            other = target(model, name)
            found = select(other.id).select_from(model).join(getattr(model, name)).where(model.id.in_(keys))  # type: ignore[attr-defined]
            pending[other].update(session.scalars(found))


def _raise(session: Session, model: TrackedModel, keys: set[UUID]) -> Iterable[Any]:
    """Rows are locked in sorted order, then changed: two transactions that share rows can only queue, not deadlock.

    In two statements, since one would change the rows as it saw them when it began. Postgres then asks once more for
    the lock of a version that is gone by now, behind somebody who has that lock and waits for this transaction.
    """
    if not keys:
        return []
    table = cast(Table, model.__table__)
    these = table.c.id.in_(sorted(keys))
    session.execute(select(table.c.id).where(these).order_by(table.c.id).with_for_update(key_share=True))
    values: dict[str, Any] = {"revision": table.c.revision + 1}
    if "updated_at" in table.c:
        values["updated_at"] = now()
    raised = update(table).where(these).values(values).returning(*_announced_columns(model))
    rows = session.execute(raised, execution_options={ANNOUNCED: True}).all()
    for row in rows:
        loaded = session.identity_map.get(inspect(model).identity_key_from_primary_key((row.id,)))
        if loaded is not None:
            for name in values:
                set_committed_value(loaded, name, row._mapping[name])
    return rows


def _announced_columns(model: TrackedModel) -> list[Any]:
    table = model.__table__
    if isinstance(model.__track__, Stream):
        return list(table.c)
    return [table.c[name] for name in ("id", "revision", "updated_at") if name in table.c]


def _was_streaming(model: TrackedModel, row: Any, changes: _Changes) -> bool:
    """Whether the row was on the stream track before. A row that was only touched is still in the state it was in."""
    if (model, row.id) in changes.streamed:
        return True
    if (model, row.id) in changes.started or not isinstance(model.__track__, Stream):
        return False
    return streaming(snapshot.assembled(model, row._mapping))


@event.listens_for(TrackedSession, "after_commit")
def _announce(session: TrackedSession) -> None:
    session._levels[-1].committed = True
    if session.in_nested_transaction():
        return
    events, session._pending = session._pending, []
    session.publisher.announce(events)
