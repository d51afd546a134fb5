"""Replies count for a user, and so do their tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("requested_by_id", sa.Uuid(), nullable=True))
    op.create_table(
        "token_usage",
        sa.Column("user_id", sa.Uuid(), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("token_usage")
    op.drop_column("messages", "requested_by_id")
