"""The statement that writes the updates of many drafts at once, and whether a database refuses its contents."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.sql.dml import ReturningUpdate

from api.streaming import leases
from api.streaming.batch import batch
from api.streaming.columns import Streamed, deadline, now
from api.streaming.tracks import Stream


def flush(
    model: type[Streamed], dialect: str, rows: Sequence[Mapping[str, Any]], *, lease: float
) -> ReturningUpdate[Any]:
    """Write these updates (`Draft.take`) of rows that are still their writers'. Returns each row without its texts."""
    names = sorted({name for row in rows for name in row})
    table = model.__table__
    new = leases.held(model, batch(dialect, {name: table.c[name].type for name in names}, rows))
    texts = texts_of(model)
    values: dict[str, Any] = {name: new.c[name] for name in (*texts, "status", "error_code", "error_message")}
    for name in set(names) - set(values) - {"id", "fence"}:
        values[name] = func.coalesce(new.c[name], table.c[name])
    values |= {"revision": table.c.revision + 1, "lease": deadline(lease)}
    if "updated_at" in table.c:
        values["updated_at"] = now()
    returned = [column for column in table.c if column.name not in texts]
    return update(model).where(table.c.id == new.c.id).values(values).returning(*returned)


def texts_of(model: type[Streamed]) -> tuple[str, ...]:
    """The names of the model's streamed columns."""
    track = model.__track__
    assert isinstance(track, Stream)
    return track.texts


def is_refused(error: Exception) -> bool:
    """Whether the database refuses the contents of a statement, so that trying again would not help."""
    if isinstance(error, DataError | IntegrityError | TypeError | ValueError):
        return True
    if isinstance(error, DBAPIError):
        # SQLSTATE class 22 is a bad value, 23 a broken constraint.
        return str(getattr(error.orig, "sqlstate", None) or "").startswith(("22", "23"))
    return isinstance(error, StatementError)
