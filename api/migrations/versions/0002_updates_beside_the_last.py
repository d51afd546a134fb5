"""Streamed updates change no indexed column, so that Postgres need not write to the indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("id")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE messages SET (fillfactor = 50)")


def downgrade() -> None:
    _index("lease")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE messages RESET (fillfactor)")


def _index(column: str) -> None:
    op.drop_index("ix_messages_streaming", table_name="messages")
    streaming = sa.text("status = 'STREAMING'")
    op.create_index(
        "ix_messages_streaming",
        "messages",
        [column],
        unique=False,
        postgresql_where=streaming,
        sqlite_where=streaming,
    )
