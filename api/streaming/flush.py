"""The flush: writes the drafts of a model to the database, and announces what was committed.

Updates, hand-backs and heartbeats each take one statement, however many rows there are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.sql.dml import ReturningUpdate

from api.streaming import announcements, channels, leases
from api.streaming.batch import batch
from api.streaming.columns import Status, Streamed, deadline, now
from api.streaming.draft import Draft
from api.streaming.observer import Observer
from api.streaming.outside_draft import OutsideDraft
from api.streaming.publisher import Publisher
from api.streaming.store import Store
from api.streaming.tracks import Stream

log = structlog.get_logger(__name__)

INTERNAL_ERROR = "This text could not be finished because of an error on our side. Ask for it again."


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
        """Write the updates of these drafts in one statement.

        If the database refuses it for its contents, one statement for each draft follows, so that only the refused text
        fails.
        """
        taken = {draft.id: draft.take(self._clock()) for draft in sorted(drafts, key=lambda draft: draft.id)}
        try:
            rows = await self._store.write(
                update_statement(model, self._store.dialect, list(taken.values()), lease=self._lease)
            )
        except Exception as error:
            for draft in drafts:
                draft.put_back()
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
        }
        mine = (model.id == draft.id, model.fence == draft.fence, model.streaming)
        rows = await self._store.write(update(model).where(*mine).values(values).returning(model.__table__))
        self._cancel(draft.id, draft.fence)
        for row in rows:
            self._announce(draft, dict(row._mapping))

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
        """Let other workers claim these rows, which have shown no text."""
        fences = {draft.id: draft.fence for draft in drafts}
        rows = await self._store.write(leases.hand_back(model, self._store.dialect, fences, wait=self._wait))
        if rows:
            self._publisher.publish(channels.work(model.__tablename__), "")
        closed = await self._no_longer_ours(model, drafts)  # handed back now, or decided about before
        for draft in closed:
            self._close(draft)
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


def update_statement(
    model: type[Streamed], dialect: str, rows: Sequence[Mapping[str, Any]], *, lease: float
) -> ReturningUpdate[Any]:
    """Writes the updates that `Draft.take` returned, of rows that are not locked and still belong to this writer.

    Extends the leases by `lease` seconds from now. Returns the written rows without their texts, which the writer has.
    """
    names = sorted({name for row in rows for name in row})
    table = model.__table__
    types = {name: table.c["sequence" if name == "after_sequence" else name].type for name in names}
    new = leases.owned(model, batch(dialect, types, rows))
    texts = texts_of(model)
    values: dict[str, Any] = {name: new.c[name] for name in (*texts, "status", "error_code", "error_message")}
    for name in set(names) - set(values) - {"id", "fence", "after_sequence"}:
        values[name] = func.coalesce(new.c[name], table.c[name])
    values |= {"revision": table.c.revision + 1, "lease": deadline(lease)}
    if "updated_at" in table.c:
        values["updated_at"] = now()
    returned = [column for column in table.c if column.name not in texts]
    return update(model).where(table.c.id == new.c.id).values(values).returning(*returned)


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
