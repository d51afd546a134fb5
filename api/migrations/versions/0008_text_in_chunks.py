"""What is appended to a message while it streams is stored in chunks beside it."""

import sqlalchemy as sa
from alembic import op

from api.streaming.guard import ANNOUNCED

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "messages_chunks",
        sa.Column("row_id", sa.Uuid(), sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Write what was appended to the messages that stream now into their rows."""
    ordered = "string_agg({0}, '' ORDER BY number) FROM messages_chunks WHERE row_id = messages.id"
    if op.get_bind().dialect.name == "sqlite":
        ordered = (
            "group_concat({0}, '') FROM (SELECT {0} FROM messages_chunks WHERE row_id = messages.id ORDER BY number)"
        )
    for name in ("content", "reasoning"):
        text = f"coalesce((SELECT {ordered.format(name)}), {name})"
        statement = f"UPDATE messages SET {name} = {text} WHERE status = 'STREAMING'"  # noqa: S608  of constants
        op.get_bind().execute(sa.text(statement), execution_options={ANNOUNCED: True})
    op.drop_table("messages_chunks")
