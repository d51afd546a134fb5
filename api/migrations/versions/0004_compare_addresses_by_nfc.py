"""E-mail addresses are compared in lower case and in NFC. Earlier accounts keep the case-folded address beside it."""

import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from api.streaming.guard import ANNOUNCED

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("folded_email", sa.String(320), nullable=True))
    _unannounced("UPDATE users SET folded_email = email")
    for key, email in list(_beyond_ascii()):
        composed = unicodedata.normalize("NFC", email)
        if composed == email:
            continue
        _unannounced("UPDATE users SET folded_email = :composed WHERE id = :key", composed=composed, key=key)
        if not _unannounced("SELECT 1 FROM users WHERE email = :composed", composed=composed).first():
            _unannounced("UPDATE users SET email = :composed WHERE id = :key", composed=composed, key=key)
    op.create_index("ix_users_folded_email", "users", ["folded_email"], unique=False)


def _beyond_ascii() -> Iterator[tuple[object, str]]:
    for key, email in op.get_bind().execute(sa.text("SELECT id, email FROM users")):
        if not email.isascii():
            yield key, email


def _unannounced(statement: str, **parameters: object) -> sa.CursorResult[object]:
    """A change that no page shows."""
    return op.get_bind().execute(sa.text(statement), parameters, execution_options={ANNOUNCED: True})


def downgrade() -> None:
    op.drop_index("ix_users_folded_email", table_name="users")
    op.drop_column("users", "folded_email")
