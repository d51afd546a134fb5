"""The statements that a database is sent meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from api.database import Database


@contextmanager
def sent_to(*databases: Database, like: Callable[[str], bool]) -> Iterator[list[str]]:
    """Those like that, to any of these."""
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
