"""Producers outside: they write a row by requests, which may reach any process, in any order, more than once.

    note = Note(...)
    take_over(note, lease)                        # in a transaction; the producer gets its fence and its sequence
    await outside.append(Note, note.id, Append(fence, sequence + 1, {"body": "Hello"}), admit=by_its_author)
    await outside.finish(Note, note.id, Finish(fence, sequence + 2, Status.COMPLETE), admit=by_its_author)

Requests are numbered. A row is updated only if its `sequence` is the number before the update's first request, and gets
the number of its last one in the same statement. So each append is in the text once, whatever is repeated, lost or
reordered. A repeat of an accepted request changes nothing and succeeds. A request that comes too early waits for those
before it, at most for one cadence.

Text is held by the writer of the process, and written at the cadence together with all other text. A request is
answered when its text is committed. The producer's requests extend the lease. If they cease, the sweep settles the row
like that of a worker that died.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from api.streaming import snapshot
from api.streaming.columns import Status, Streamed, database_now, deadline
from api.streaming.errors import Ended, Gap, Gone, TakenOver
from api.streaming.outside_draft import OutsideDraft
from api.streaming.store import Store
from api.streaming.writer import Writer

Row = TypeVar("Row", bound=Streamed)

Admit = Callable[[Any], None]
"""Raises an exception unless the request may write this row. It must decide without awaiting anything."""


def take_over(row: Streamed, lease: float) -> None:
    """Let a producer outside write the row. Its lease ends `lease` seconds after its last request.

    The new fence keeps an earlier producer from writing. `sequence` and text stay, so that this one can go on.
    """
    row.status = Status.STREAMING
    row.fence = (row.fence or 0) + 1
    row.lease = deadline(lease)
    row.writer = uuid7()  # so no worker claims the row
    row.tries = 0
    row.sequence = row.sequence or 0
    row.error_code = row.error_message = None


@dataclass(frozen=True, slots=True)
class Append:
    """A request to append texts, by column, and to set other columns. Without both, it only extends the lease."""

    fence: int
    sequence: int
    texts: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    def is_done(self, row: Streamed) -> bool:
        return self.sequence <= (row.sequence or 0)

    def is_held(self, draft: OutsideDraft) -> bool:
        return self.sequence <= draft.held

    def is_next(self, draft: OutsideDraft) -> bool:
        return self.sequence == draft.held + 1

    def hold(self, draft: OutsideDraft, now: float) -> None:
        draft.hold(self.sequence, self.texts, self.values, now)


@dataclass(frozen=True, slots=True)
class Finish:
    """A request to end the row. Its number is the one after the last append's; that of the last append works, too."""

    fence: int
    sequence: int
    status: Status
    code: str | None = None
    message: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def is_done(self, row: Streamed) -> bool:
        return not row.streaming and row.status != Status.STOPPED

    def is_held(self, draft: OutsideDraft) -> bool:
        return False  # a draft that holds it is closing

    def is_next(self, draft: OutsideDraft) -> bool:
        return self.sequence - draft.held in (0, 1)

    def hold(self, draft: OutsideDraft, now: float) -> None:
        draft.finish(self.sequence, self.values, (self.status, self.code, self.message))


Request = Append | Finish


class OutsideWriter:
    """Accepts the requests of producers outside. `cadence` and `lease` are in seconds, like those of the writer."""

    def __init__(self, store: Store, writer: Writer, *, cadence: float, lease: float) -> None:
        self._store = store
        self._writer = writer
        self._cadence = cadence
        self._lease = lease
        self._clock = writer.clock

    async def submit(self, model: type[Row], key: UUID, request: Request, *, admit: Admit) -> Row:
        """The row once the request is committed, which may have been earlier.

        Raises Gone, TakenOver, Ended, Gap and TooLong, and what `admit` raises. Then the request changed nothing.
        Raises TimeoutError if the database does not commit it within the length of a lease.
        """
        now = self._clock()
        answer_by, missing_by = now + self._lease, now + self._cadence
        while True:
            draft, is_fresh = self._writer.outside(key), False
            if draft is None:
                row, age = await self._read(model, key)
                admit(row)
                if row.fence != request.fence or row.sequence is None:
                    raise TakenOver(row.sequence or 0)
                if request.is_done(row):
                    return row
                if not row.streaming:
                    raise Ended(row.sequence)
                draft, is_fresh = self._adopted(row, age), True
            admit(draft.row)
            if draft.fence > request.fence:
                raise TakenOver(draft.sequence)
            if draft.fence < request.fence or (draft.is_clean and not is_fresh and not request.is_next(draft)):
                self._writer.release(draft)  # other processes may have written the row since
                continue
            if request.is_next(draft) and not draft.closing:
                request.hold(draft, self._clock())
            if request.is_held(draft) or draft.closing:
                await self._progress(draft, answer_by)
            elif self._clock() < missing_by:
                await draft.progress(missing_by - self._clock())
            else:
                raise Gap(draft.sequence)
            if request.is_done(draft.row):
                return cast(Row, draft.row)

    async def _progress(self, draft: OutsideDraft, answer_by: float) -> None:
        if (seconds := answer_by - self._clock()) <= 0:
            raise TimeoutError("the database has not committed the append")
        await draft.progress(seconds)

    async def _read(self, model: type[Row], key: UUID) -> tuple[Row, float]:
        """The row, and how many seconds ago its lease was extended. Raises Gone."""
        table = model.__table__
        query = select(table, (database_now() + self._lease - table.c.lease).label("age")).where(table.c.id == key)
        for found in await self._store.read(query):
            values = dict(found._mapping)
            age = values.pop("age")
            return snapshot.from_values(model, values), age or 0.0
        raise Gone(model)

    def _adopted(self, row: Streamed, age: float) -> OutsideDraft:
        """The draft of a row that was just read. Another request may have read it earlier, and have made one."""
        draft = self._writer.outside(row.id)
        if draft is not None and (draft.fence, draft.sequence) >= (row.fence, row.sequence or 0):
            return draft
        return self._writer.adopt(row, updated_seconds_ago=max(0.0, age))
