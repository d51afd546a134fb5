"""Gathering: before a transaction changes a row that streams, the row's chunks become the text in its own columns.

So a transaction that stops a row, or lets another producer write it, need not know chunks.
"""

from typing import Any

from sqlalchemy import Connection, inspect, select, update
from sqlalchemy.orm.attributes import set_committed_value

from api.streaming.chunks import discard, has_chunks, whole_texts
from api.streaming.guard import ANNOUNCED


def gather(connection: Connection, row: Any) -> None:
    """Lock the row, write its whole text into it, and delete its chunks. The object gets the texts, too.

    They are read after the lock is held: its writer may have appended since the object was loaded.
    """
    table = row.__table__
    here = table.c.id == row.id
    connection.execute(select(table.c.id).where(here).with_for_update(key_share=True))
    texts = whole_texts(type(row))
    if found := connection.execute(select(*(table.c[name] for name in texts)).where(here)).first():
        attributes = inspect(row).attrs
        for name, text in found._mapping.items():
            if name in row.__dict__ and not attributes[name].history.has_changes():
                set_committed_value(row, name, text)
    whole = update(table).where(here, has_chunks(type(row))).values(texts)
    connection.execute(whole, execution_options={ANNOUNCED: True})
    discard_chunks(connection, row)


def discard_chunks(connection: Connection, row: Any) -> None:
    """Delete the row's chunks. A row that starts to stream has some only if the sweep that ended it died before it
    could delete them; its text is in its own columns."""
    connection.execute(discard(type(row), [row.id]))
