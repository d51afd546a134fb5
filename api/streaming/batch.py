"""A batch of rows as one parameter of a statement, so that one statement, built once, changes any number of rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import FromClause, Text, Uuid, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.types import TypeEngine


def batch(
    dialect: str, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Mapping[str, Any]], name: str = "batch"
) -> FromClause:
    """The rows as a table named `name` to join with. `columns` are its names and types; a missing key becomes NULL."""
    return _table(dialect, columns, bindparam(name, encoded(rows), Text()), name)


def later_batch(dialect: str, columns: Mapping[str, TypeEngine[Any]], name: str = "batch") -> FromClause:
    """The same for rows that are given when the statement is executed: `encoded` as the parameter of this name."""
    return _table(dialect, columns, bindparam(name, type_=Text()), name)


def encoded(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as a parameter."""
    return orjson.dumps(list(rows), default=str).decode()


def _table(dialect: str, columns: Mapping[str, TypeEngine[Any]], parameter: Any, name: str) -> FromClause:
    if dialect == "postgresql":
        types = [column(key, kind) for key, kind in columns.items()]
        return (
            func.json_to_recordset(cast(parameter, JSON))
            .table_valued(*types, name=name)
            .render_derived(name, with_types=True)
        )
    each = func.json_each(parameter).table_valued("value", name="each")
    return (
        select(*(_from_json(each.c.value, key, kind).label(key) for key, kind in columns.items()))
        .select_from(each)
        .subquery(name)
    )


def _from_json(value: Any, key: str, kind: TypeEngine[Any]) -> Any:
    found = func.json_extract(value, f"$.{key}", type_=kind)
    # SQLite stores a UUID as 32 hex digits. In JSON it has dashes.
    return func.replace(found, "-", "", type_=kind) if isinstance(kind, Uuid) else found
