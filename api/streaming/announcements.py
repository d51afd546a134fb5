"""The messages that announce a committed change, on the track of the state that the change started from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.streaming import channels, snapshot
from api.streaming.tracks import Stream, Tracked, has_page, is_streaming, turn_of


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """A message for the bus that is not published yet.

    Of two pending events with the same channel and `key`, the one with the greater revision replaces the other.
    """

    channel: str
    message: str
    revision: int = 0
    key: str = ""


def columns(model: type[Tracked]) -> list[Any]:
    """The columns of a changed row that announcing it takes."""
    table = model.__table__
    if isinstance(model.__track__, Stream):
        return list(table.c)
    return [table.c[name] for name in ("id", "revision", "updated_at") if name in table.c]


def on_stream(model: type[Tracked], values: Mapping[str, Any]) -> Iterator[PendingEvent]:
    """The whole row, for the subscribers of its stream. `values` are its columns by name.

    Once the row is final, also its revision for the subscribers of its page, if it has one. No client refetches the
    page for it, but without it the next sweep would take the final update for a change that was missed.
    """
    table, key, revision = model.__tablename__, values["id"], values["revision"]
    yield PendingEvent(channels.stream(table, key), snapshot.encode(values), revision)
    if not (has_page(model) or turn_of(model)) or is_streaming(snapshot.from_values(model, values)):
        return
    if turn_of(model):
        yield PendingEvent(channels.work(table), "")  # the next of its turn can be claimed
    if has_page(model):
        streamed = f"{snapshot.STREAMED_PREFIX}{revision}"
        yield PendingEvent(channels.sync(table, key), streamed, revision, key=snapshot.STREAMED_PREFIX)


def on_sync(model: type[Tracked], key: UUID, revision: int) -> Iterator[PendingEvent]:
    """The row's revision for the subscribers of its page, if it has a page."""
    if has_page(model):
        yield PendingEvent(channels.sync(model.__tablename__, key), str(revision), revision)


def deleted(model: type[Tracked], key: UUID, *, streams: bool) -> Iterator[PendingEvent]:
    """The row's deletion for the subscribers of its stream, if it streamed, and of its page, if it has one."""
    channels_of_row = [channels.stream] * streams + [channels.sync] * has_page(model)
    for channel in channels_of_row:
        yield PendingEvent(channel(model.__tablename__, key), snapshot.DELETED_MESSAGE, snapshot.DELETED_REVISION)
    if streams and turn_of(model):
        yield PendingEvent(channels.work(model.__tablename__), "")
