"""The flush: writes the drafts of a model to the database, and announces what was committed.

Updates, hand-backs and heartbeats each take one statement, however many rows there are.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    Boolean,
    Executable,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from api.streaming import announcements, channels, leases
from api.streaming.batch import encoded, later_batch
from api.streaming.chunks import discard, whole_texts
from api.streaming.columns import Status, Streamed, deadline, now
from api.streaming.draft import Draft
from api.streaming.observer import Observer
from api.streaming.outside_draft import OutsideDraft
from api.streaming.publisher import Publisher
from api.streaming.store import Store
from api.streaming.tracks import Stream

log = structlog.get_logger(__name__)

INTERNAL_ERROR = "This text could not be finished because of an error on our side. Ask for it again."

ENDING = ("status", "error_code", "error_message")
"""The columns that an update of a row that goes on does not change."""


class Flusher:
    """The writing half of a `Writer`, whose arguments it shares.

    `close` forgets a draft for which there is nothing more to do. `cancel` does the same for a row that another process
    decided about, and cancels its producer.
    """

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        *,
        lease: float,
        wait: float,
        observer: Observer,
        clock: Callable[[], float],
        close: Callable[[Draft], None],
        cancel: Callable[[UUID, int], None],
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._lease = lease
        self._wait = wait
        self._observer = observer
        self._clock = clock
        self._close = close
        self._cancel = cancel

    async def flush(self, model: type[Streamed], drafts: Sequence[Draft]) -> None:
        """Write the updates of these drafts in one statement. On SQLite, which is in the same process, in up to three.

        If the database refuses it for its contents, one statement for each draft follows, so that only the refused text
        fails.
        """
        taken = {draft.id: draft.take(self._clock()) for draft in drafts}
        updates = [draft.to_write(taken[draft.id]) for draft in sorted(drafts, key=lambda draft: draft.id)]
        try:
            names = frozenset(name for update in updates for name in update)
            kinds = frozenset((update["whole"], update["status"] == Status.STREAMING) for update in updates)
            written_by = statements(model, self._store.dialect, names, kinds, lease=self._lease)  # type: ignore[arg-type]
            rows = await self._store.write(*written_by, batch=encoded(updates))
        except Exception as error:
            for draft in drafts:
                draft.put_back(lost=not is_refused(error))
            if not is_refused(error):
                raise
            if len(drafts) > 1:
                for draft in drafts:
                    await self.flush(model, [draft])
            else:
                await self._fail(drafts[0], error)
            return
        written = {row.id: row for row in rows}
        missed = []
        for draft in drafts:
            if (row := written.get(draft.id)) is not None:
                texts = {name: taken[draft.id][name] for name in texts_of(model)}
                self._announce(draft, {**row._mapping, **texts})
            else:
                draft.put_back()
                missed.append(draft)
        for draft in await self._no_longer_ours(model, missed):
            if draft.ending is not None:
                await self._find_end(draft, draft.ending[0])
            else:
                self._cancel(draft.id, draft.fence)

    def _announce(self, draft: Draft, values: dict[str, Any]) -> None:
        """Announce a committed update. The draft is done if the update was the last one."""
        self._publisher.announce(announcements.on_stream(draft.model, values))
        if not draft.written and any(values[name] for name in texts_of(draft.model)):
            self._observer.shown(draft.model, draft.id)
        draft.committed(values, self._clock())
        if values["status"] != Status.STREAMING:
            self._observer.ended(draft.model, draft.id, values["status"], values.get("error_code"))
            self._close(draft)

    async def _fail(self, draft: Draft, error: Exception) -> None:
        """End a row whose text the database refuses. The row keeps the last text that was written."""
        log.error("text refused by the database", id=str(draft.id), error=repr(error))
        model = draft.model
        values = {
            "status": Status.FAILED,
            "error_code": "INTERRUPTED",
            "error_message": INTERNAL_ERROR,
            "revision": model.revision + 1,
            **whole_texts(model),
        }
        mine = (model.id == draft.id, model.fence == draft.fence, model.streaming)
        rows = await self._store.write(update(model).where(*mine).values(values).returning(model.__table__))
        self._cancel(draft.id, draft.fence)
        for row in rows:
            self._announce(draft, dict(row._mapping))
        if rows:
            await self._store.write(discard(model, [draft.id]))

    async def _no_longer_ours(self, model: type[Streamed], missed: Sequence[Draft]) -> list[Draft]:
        """The drafts, out of those that a statement passed over, whose rows ended or have another fence or sequence.

        The statement passed over the others because another transaction had locked their rows.
        """
        if not missed:
            return []
        table = model.__table__
        columns = (table.c.id, table.c.fence, table.c.sequence)
        asked = select(*columns).where(table.c.id.in_([draft.id for draft in missed]), model.streaming)
        ours = {(row.id, row.fence, row.sequence) for row in await self._store.read(asked)}
        return [draft for draft in missed if (draft.id, draft.fence, draft.sequence) not in ours]

    async def _find_end(self, draft: Draft, status: Status) -> None:
        """Find out who ended the row: another process, or this writer, if the answer to its last update was lost."""
        table = draft.model.__table__
        for row in await self._store.read(select(table).where(table.c.id == draft.id, table.c.fence == draft.fence)):
            if row.status == status:
                self._announce(draft, dict(row._mapping))
                return
        self._cancel(draft.id, draft.fence)

    async def hand_back(self, model: type[Streamed], drafts: Sequence[Draft]) -> None:
        """Let other workers claim these rows, which have shown no text, or are resumable."""
        fences = {draft.id: draft.fence for draft in drafts}
        resumable = all(draft.resumable for draft in drafts)  # they are all of one model
        handing_back = leases.hand_back(model, self._store.dialect, fences, wait=self._wait, resumable=resumable)
        rows = await self._store.write(*handing_back)
        if rows:
            self._publisher.publish(channels.work(model.__tablename__), "")
        closed = await self._no_longer_ours(model, drafts)  # handed back now, or decided about before
        for draft in closed:
            self._close(draft)
        if not resumable:
            await self._fail_written(model, [draft for draft in drafts if draft not in closed])

    async def _fail_written(self, model: type[Streamed], drafts: Sequence[Draft]) -> None:
        """Fail those of these rows that have text: the answer to their first update was lost on its way."""
        if not drafts:
            return
        keys = [draft.id for draft in drafts]
        with_text = select(model.id).where(model.id.in_(keys), ~leases.has_no_text(model))
        written = {row.id for row in await self._store.read(with_text)}
        for draft in drafts:
            if draft.id in written:
                draft.found_written()

    async def heartbeat(self, model: type[Streamed], drafts: Sequence[Draft]) -> None:
        """Extend the leases of these rows. Cancels the producers of rows that belong to another writer by now."""
        fences = {draft.id: draft.fence for draft in drafts}
        rows = await self._store.write(leases.heartbeat(model, self._store.dialect, fences, lease=self._lease))
        extended = {row.id for row in rows}
        for draft in drafts:
            if draft.id in extended:
                draft.extended_at = self._clock()
        for draft in await self._no_longer_ours(model, [draft for draft in drafts if draft.id not in extended]):
            self._cancel(draft.id, draft.fence)

    async def renew(self, model: type[Streamed], drafts: Sequence[OutsideDraft]) -> None:
        """Accept what these drafts hold, which is no text, and extend the leases of their rows."""
        appends = {draft.id: draft.take_renewal() for draft in drafts}
        statement = leases.renew(model, self._store.dialect, list(appends.values()), lease=self._lease)
        renewed = {row.id for row in await self._store.write(statement)}
        for draft in drafts:
            if draft.id in renewed:
                draft.renewed(appends[draft.id]["sequence"], self._clock())
        for missed in await self._no_longer_ours(model, [draft for draft in drafts if draft.id not in renewed]):
            self._cancel(missed.id, missed.fence)


@lru_cache(maxsize=512)  # building them costs more than running them
def statements(
    model: type[Streamed], dialect: str, names: frozenset[str], kinds: frozenset[tuple[bool, bool]], *, lease: float
) -> list[Executable]:
    """Write the updates that `Draft.to_write` returned, of rows that are not locked and still belong to this writer.

    The updates are the parameter `batch`, and `names` their columns. `kinds` says which updates are among them: whether
    they are whole, and whether their rows go on.

    The statements extend the leases by `lease` seconds from now. The last one returns the written rows without their
    texts, which the writer has. On Postgres it contains the others, which see the database as it was before. If texts
    are replaced, a statement before it locks the rows.
    """
    table, chunks, texts = model.__table__, model.__chunks__, texts_of(model)
    types = {name: table.c["sequence" if name == "after_sequence" else name].type for name in sorted(names - {"whole"})}
    stored = [type_coerce(table.c[name], Text()).label(f"stored_{name}") for name in texts]
    stored.append(table.c.revision.label("stored_revision"))
    new = leases.owned(model, later_batch(dialect, {**types, "whole": Boolean()}), stored)
    before: list[Any] = []
    if any(not whole for whole, _ in kinds):
        # A text of the row itself becomes its first chunk: SQLite would write it again with every update of the row.
        added = []
        for prefix, number in (("stored_", new.c.stored_revision), ("", new.c.stored_revision + 1)):
            chunk = [type_coerce(new.c[f"{prefix}{name}"], Text()) for name in texts]
            has_text = and_(not_(new.c.whole), or_(*(func.length(text) > 0 for text in chunk)))
            added.append(select(new.c.id, number, *chunk).where(has_text))
        before.append(insert(chunks).from_select(["row_id", "number", *texts], union_all(*added)))
    if any(whole for whole, _ in kinds):
        before.append(delete(chunks).where(chunks.c.row_id.in_(select(new.c.id).where(new.c.whole))))
    # SQLite writes the entries of partial indexes again if a statement names the column of their condition.
    ending = () if all(goes_on for _, goes_on in kinds) else ENDING
    values: dict[str, Any] = {name: new.c[name] for name in ending}
    for name in names - {"id", "fence", "after_sequence", "whole", *ENDING, *texts}:
        values[name] = func.coalesce(new.c[name], table.c[name])
    for name in texts:
        values[name] = case((new.c.whole, new.c[name]), else_=func.substr(table.c[name], 1, 0))
    values |= {"revision": table.c.revision + 1, "lease": deadline(lease)}
    if "updated_at" in table.c:
        values["updated_at"] = bindparam("flushed_at", callable_=now, type_=table.c.updated_at.type)
    returned = [column for column in table.c if column.name not in texts]
    changed = update(model).where(table.c.id == new.c.id).values(values).returning(*returned)
    if dialect != "postgresql":
        return [*before, changed]
    changed = changed.add_cte(*(statement.cte(f"part_{number}") for number, statement in enumerate(before)))
    # The lost update may be committed while a statement begins, which then does not see all chunks that it must delete.
    return [select(new.c.id), changed] if (True, True) in kinds else [changed]


def texts_of(model: type[Streamed]) -> tuple[str, ...]:
    """The names of the text columns that the model streams."""
    track = model.__track__
    assert isinstance(track, Stream)
    return track.texts


def is_refused(error: Exception) -> bool:
    """Whether the database refused the contents of a statement, so that it would refuse them again."""
    if isinstance(error, DataError | IntegrityError | TypeError | ValueError):
        return True
    if isinstance(error, DBAPIError):
        # SQLSTATE class 22 is a bad value, 23 a broken constraint.
        return str(getattr(error.orig, "sqlstate", None) or "").startswith(("22", "23"))
    return isinstance(error, StatementError)
