"""What is published of a committed change, on the track of the state that the change started from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.streaming import channels, snapshot
from api.streaming.tracks import Tracked, has_page, streaming


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """A message for the bus. Of two about the same thing on one channel, the greater revision replaces the other."""

    channel: str
    message: str
    revision: int = 0
    about: str = ""


def on_stream(model: type[Tracked], values: Mapping[str, Any]) -> Iterator[PendingEvent]:
    """The whole row for its stream's subscribers; `values` by column name.

    Once it is final and has a page of its own, also its revision for those who follow the page: they pass it over, or
    the next sweep would take it for a change that they missed.
    """
    table, key, revision = model.__tablename__, values["id"], values["revision"]
    yield PendingEvent(channels.stream(table, key), snapshot.encode(values), revision)
    if has_page(model) and not streaming(snapshot.assembled(model, values)):
        yield PendingEvent(channels.sync(table, key), f"{snapshot.STREAMED}{revision}", revision, snapshot.STREAMED)


def on_sync(model: type[Tracked], key: UUID, revision: int) -> Iterator[PendingEvent]:
    """The revision, for rows that have a page."""
    if has_page(model):
        yield PendingEvent(channels.sync(model.__tablename__, key), str(revision), revision)


def deleted(model: type[Tracked], key: UUID, *, streams: bool) -> Iterator[PendingEvent]:
    """The deletion, for the stream's subscribers if it was streaming, and for its page if it has one."""
    names = [channels.stream] * streams + [channels.sync] * has_page(model)
    for name in names:
        yield PendingEvent(name(model.__tablename__, key), snapshot.DELETION, snapshot.DELETED)
