"""Indexes on existing tables, for steps after 0010. On Postgres they are built concurrently: reads and writes go on."""

from collections.abc import Sequence
from typing import Any

from alembic import op
from sqlalchemy import text

VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


def create_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """Make an index. The step must have `concurrent = True`, and do nothing but make and drop indexes.

    On Postgres, such a step may be repeated: a complete index stays, and what an interrupted build left is replaced.
    """
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        op.create_index(name, table, columns, **options)
        return
    valid = connection.execute(VALID, {"name": name}).scalar()
    if valid:
        return
    if valid is not None:
        op.drop_index(name, table, postgresql_concurrently=True)
    op.create_index(name, table, columns, postgresql_concurrently=True, **options)


def drop_index(name: str, table: str) -> None:
    """Drop an index, if it is there."""
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
