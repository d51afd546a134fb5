"""The statements that a database is sent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Table, event

from api.database import Database
from api.streaming.tracks import Tracked


def table(model: type[Tracked]) -> Table:
    """The model's table, for statements that bypass the session."""
    return cast(Table, model.__table__)


@contextmanager
def sent_to(*databases: Database, like: Callable[[str], bool]) -> Iterator[list[str]]:
    """Those for which `like` holds, to any of these databases, while this is entered."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if like(statement):
            statements.append(statement)

    engines = {database.engine.sync_engine for database in databases}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
