"""Replies keep their versions, users have read marks, and a chat says when its assistant answers."""

import sqlalchemy as sa
from alembic import op

from api.streaming.columns import Instant
from api.streaming.guard import ANNOUNCED

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("messages", sa.Column("latest_version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("messages", sa.Column("version_created_at", Instant(), nullable=True))
    op.add_column("messages", sa.Column("regenerated_by_id", sa.Uuid(), nullable=True))
    op.add_column("messages", sa.Column("stopped_by_id", sa.Uuid(), nullable=True))
    op.add_column("messages", sa.Column("edited_at", Instant(), nullable=True))
    op.add_column("chats", sa.Column("assistant", sa.String(10), nullable=False, server_default="ALWAYS"))
    op.create_table(
        "message_versions",
        sa.Column("message_id", sa.Uuid(), sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("error_code", sa.String(20), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("model", sa.String(200), nullable=True),
        sa.Column("finish_reason", sa.String(50), nullable=True),
        sa.Column("provider_finish_reason", sa.String(100), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("regenerated_by_id", sa.Uuid(), nullable=True),
        sa.Column("stopped_by_id", sa.Uuid(), nullable=True),
    )
    op.create_table(
        "read_marks",
        sa.Column("chat_id", sa.Uuid(), sa.ForeignKey("chats.id"), primary_key=True),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
    )
    # Messages from before this step count as read, so that an update of the server marks no chat as unread.
    op.get_bind().execute(
        sa.text(
            "INSERT INTO read_marks (chat_id, user_id, position) SELECT p.chat_id, p.user_id, "
            "(SELECT coalesce(max(m.position), 0) FROM messages m WHERE m.chat_id = p.chat_id) FROM participations p"
        ),
        execution_options={ANNOUNCED: True},
    )


def downgrade() -> None:
    op.drop_table("read_marks")
    op.drop_table("message_versions")
    op.drop_column("chats", "assistant")
    names = ("edited_at", "stopped_by_id", "regenerated_by_id", "version_created_at", "latest_version", "version")
    for name in names:
        op.drop_column("messages", name)
