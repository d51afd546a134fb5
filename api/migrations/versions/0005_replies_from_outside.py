"""Replies can be written from outside: `sequence` is the number of the last append, `reply_to_id` what is answered."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("sequence", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("reply_to_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "reply_to_id")
    op.drop_column("messages", "sequence")
