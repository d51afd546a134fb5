"""Refuses statements that would change tracked tables without an announcement."""

import re
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, event

from api.streaming.errors import UnseenChange
from api.streaming.tracks import tracked

ANNOUNCED = "twotrack_announced"
"""Execution option of this package's own statements, whose callers announce what they change."""

noted_tables: ContextVar[frozenset[str]] = ContextVar("noted_tables", default=frozenset())
"""Tables of the rows that the current flush has noted and will announce. Its statements on others are refused."""

NAME = r"(?:\w+\s*\.\s*)*\w+"

CHANGE = re.compile(
    r"\b(?:insert(?:\s+or\s+\w+)?\s+into|replace\s+into|update(?:\s+or\s+\w+)?|delete\s+from|merge\s+into|copy"
    rf"|truncate(?:\s+table)?)\s+((?:only\s+)?{NAME}(?:\s*,\s*(?:only\s+)?{NAME})*)",
    re.IGNORECASE,
)

QUOTES = re.compile(r'["`\[\]]')

COMMENTS = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)


@lru_cache(maxsize=4_096)
def tables_changed_by(statement: str) -> frozenset[str]:
    """The tables that a statement may change in any of its parts, in lower case. Rather too many than too few."""
    written = QUOTES.sub(" ", statement)
    # Searched with and without comments: what looks like a comment may be part of a string, and hide what follows.
    named = [names for text in (written, COMMENTS.sub(" ", written)) for names in CHANGE.findall(text)]
    return frozenset(re.split(r"[\s.]+", name.strip())[-1].lower() for names in named for name in names.split(","))


def refuse_unseen_changes(engine: Engine) -> None:
    """Make the engine raise UnseenChange for a statement that changes a tracked table without an announcement.

    It checks the text that goes to the database, so bulk statements, Core, `text()` and driver SQL are all checked.
    """

    @event.listens_for(engine, "before_cursor_execute")
    def refuse(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if context is not None and context.execution_options.get(ANNOUNCED):
            return
        for table in tables_changed_by(statement) - noted_tables.get():
            if (model := tracked.get(table)) is not None:
                raise UnseenChange(
                    f"This statement would change `{table}` without an announcement, but {model.__name__} is tracked. "
                    "Load the rows and change them through the session (`row.column = …`, `session.add`, "
                    "`session.delete`) inside `database.transaction()`."
                )
