"""The search index, and a queue of the messages whose entry in it is out of date."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CHANGED = "OLD.status {0} NEW.status OR (NEW.status <> 'STREAMING' AND OLD.content {0} NEW.content)"
"""An update of a message that goes on streaming is none of these."""

TRIGGERS = {
    "search_insert": ("AFTER INSERT ON messages FOR EACH ROW", "NEW.status <> 'STREAMING'"),
    "search_update": ("AFTER UPDATE OF content, status ON messages FOR EACH ROW", CHANGED),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgres()
    else:
        _upgrade_sqlite()
    op.execute("INSERT INTO search_queue (message_id) SELECT id FROM messages WHERE status <> 'STREAMING' ORDER BY id")


def _upgrade_postgres() -> None:
    op.create_table(
        "search_queue",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("message_id", sa.Uuid(), nullable=False),
    )
    op.create_table(
        "search_terms",
        sa.Column("message_id", sa.Uuid(), sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("terms", postgresql.TSVECTOR(), nullable=False),
    )
    op.create_index("ix_search_terms_terms", "search_terms", ["terms"], postgresql_using="gin")
    op.execute(
        "CREATE FUNCTION search_changed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO search_queue (message_id) VALUES (NEW.id); RETURN NULL; END $$"
    )
    for name, (event, condition) in TRIGGERS.items():
        when = condition.format("IS DISTINCT FROM")
        op.execute(f"CREATE TRIGGER {name} {event} WHEN ({when}) EXECUTE FUNCTION search_changed()")


def _upgrade_sqlite() -> None:
    # A number is never given twice: a row that was read and deleted must not be taken for a newer one.
    op.execute("CREATE TABLE search_queue (number INTEGER PRIMARY KEY AUTOINCREMENT, message_id CHAR(32) NOT NULL)")
    # The indexer separates the terms itself. What is no ASCII is a letter to `ascii`.
    op.execute(
        "CREATE VIRTUAL TABLE search_terms USING fts5(terms, tokenize = 'ascii', prefix = '2 3', detail = none, "
        "columnsize = 0)"
    )
    for name, (event, condition) in TRIGGERS.items():
        queue = "INSERT INTO search_queue (message_id) VALUES (NEW.id)"
        op.execute(f"CREATE TRIGGER {name} {event} WHEN {condition.format('IS NOT')} BEGIN {queue}; END")
    op.execute(
        "CREATE TRIGGER search_delete AFTER DELETE ON messages FOR EACH ROW "
        "BEGIN DELETE FROM search_terms WHERE rowid = OLD.position; END"
    )


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for name in (*TRIGGERS, *(() if postgres else ("search_delete",))):
        op.execute(f"DROP TRIGGER {name}" + (" ON messages" if postgres else ""))
    if postgres:
        op.execute("DROP FUNCTION search_changed()")
    op.execute("DROP TABLE search_terms")
    op.execute("DROP TABLE search_queue")
