"""What a house of notes has announced."""

from uuid import UUID

from api.streaming import channels
from tests.unit.streaming.house import House
from tests.unit.streaming.notes import Note, Shelf


async def announced(here: House) -> list[tuple[str, str]]:
    """What was published since the last time."""
    await here.publisher.drained()
    sent, here.wire.sent = here.wire.sent, []
    return sent


def on_sync(shelf: Shelf, revision: int) -> tuple[str, str]:
    return channels.sync("shelves", shelf.id), str(revision)


def writer_of(note: Note) -> UUID:
    """The writer that has claimed the note."""
    assert note.writer is not None
    return note.writer
