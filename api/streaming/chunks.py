"""Chunks: where the text of a row is stored while it is being written.

A database that updates a text writes all of it again. So an update of a reply does not touch the text that is there: it
inserts what was appended, as a chunk, into a table beside the model's (`messages_chunks`). While a row streams, its
chunks in the order of their numbers are its text. A row without chunks has its text in its own columns. The update that
ends the row writes the whole text into these columns, and deletes the chunks.

Queries do not know chunks: a streamed column of a selected row is the whole text.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Delete,
    ForeignKey,
    Table,
    Text,
    TypeDecorator,
    case,
    column,
    delete,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement, Label
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class appended(FunctionElement[str]):
    """The text of a column in the chunks of a row, in their order. NULL if there is none."""

    type = Text()
    inherit_cache = True

    def __init__(self, chunks: str, name: str, row_id: ColumnElement[Any]) -> None:
        super().__init__(column(chunks), column(name), row_id)  # names, as the chunks are no part of the query's FROM


@compiles(appended, "postgresql")
def _postgres_appended(element: appended, compiler: Any, **_: Any) -> str:
    chunks, name, row_id = (compiler.process(each) for each in element.clauses)
    return f"(SELECT string_agg({name}, '' ORDER BY number) FROM {chunks} WHERE {chunks}.row_id = {row_id})"  # noqa: S608


@compiles(appended, "sqlite")
def _sqlite_appended(element: appended, compiler: Any, **_: Any) -> str:
    chunks, name, row_id = (compiler.process(each) for each in element.clauses)
    ordered = f"SELECT {name} FROM {chunks} WHERE {chunks}.row_id = {row_id} ORDER BY number"  # noqa: S608
    return f"(SELECT group_concat({name}, '') FROM ({ordered}))"  # noqa: S608  SQLite 3.44 has ORDER BY in aggregates


class GrowingText(TypeDecorator[str]):
    """The type of a streamed column. A query that selects the column gets the whole text."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: TypeEngine[str], chunks: str, name: str) -> None:
        super().__init__()
        self.impl = kind  # type: ignore[assignment]  # SQLAlchemy puts an instance there, too
        self.chunks = chunks
        self.name = name

    @property
    def python_type(self) -> type[str]:
        return str

    def column_expression(self, column: ColumnElement[str]) -> ColumnElement[str]:
        """Raises CompileError for an expression, and if the query lacks what it takes to find the chunks."""
        stored: Any = column.element if isinstance(column, Label) else column
        table = getattr(stored, "table", None)
        if table is None or not {"id", "status"} <= set(table.c.keys()):
            raise CompileError(
                f"`{self.name}` is a streamed text, of which a part may be stored in chunks beside its row. Select the "
                "column itself. If it is a column of a subquery, select `id` and `status` there, too."
            )
        text = appended(self.chunks, self.name, table.c.id)
        return case((table.c.status == literal_column("'STREAMING'"), func.coalesce(text, stored)), else_=stored)


def add_chunks(table: Table, texts: Sequence[str]) -> Table:
    """The table of chunks beside a model's table, in the same metadata. `texts` are the streamed columns."""
    name = f"{table.name}_chunks"
    columns = [Column(text, table.c[text].type) for text in texts]
    for text in texts:
        table.c[text].type = GrowingText(table.c[text].type, name, text)
    return Table(
        name,
        table.metadata,
        Column("row_id", ForeignKey(table.c.id, ondelete="CASCADE"), primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        *columns,
        sqlite_with_rowid=False,  # an update writes one page instead of two
    )


def whole_texts(model: Any) -> dict[str, ColumnElement[str]]:
    """The whole texts of a row by column, for an update that ends the row. Its chunks are to be deleted then."""
    table = model.__table__
    return {text.name: table.c[text.name].type.column_expression(table.c[text.name]) for text in _texts(model)}


def has_chunks(model: Any) -> ColumnElement[bool]:
    """Whether a row has chunks."""
    chunks = model.__chunks__
    return exists(select(literal_column("1")).where(chunks.c.row_id == model.__table__.c.id).correlate(model.__table__))


def discard(model: Any, keys: Sequence[UUID]) -> Delete:
    """Deletes the chunks of these rows, which have their whole text in their own columns."""
    chunks = model.__chunks__
    return delete(chunks).where(chunks.c.row_id.in_(sorted(keys)))


def _texts(model: Any) -> list[Column[Any]]:
    return [each for each in model.__chunks__.c if not each.primary_key]
