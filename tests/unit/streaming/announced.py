"""What a house of notes has announced."""

from api.streaming import channels
from tests.unit.streaming.notes import House, Shelf


async def announced(here: House) -> list[tuple[str, str]]:
    """What was published since the last time."""
    await here.publisher.drained()
    sent, here.wire.sent = here.wire.sent, []
    return sent


def on_sync(shelf: Shelf, revision: int) -> tuple[str, str]:
    return channels.sync("shelves", shelf.id), str(revision)
