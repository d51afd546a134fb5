"""Every few seconds, the rows behind all that is followed here: the database is the truth, the bus only a hint.

One batched read of revisions and access epochs for every thousand followed rows, and whole rows only for those
that moved. It heals streams and sync, settles the writers that died, and has readers authorized again.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import literal, select
from sqlalchemy.sql.selectable import Select

from api.streaming import announcements, channels, leases, snapshot
from api.streaming.access import RevisedModel
from api.streaming.columns import Status, Streamed
from api.streaming.hub import Hub
from api.streaming.publisher import Publisher
from api.streaming.store import Store, unforeseen
from api.streaming.topic import LatestState, Topic
from api.streaming.tracks import Stream, epoch_source

log = structlog.get_logger(__name__)

BATCH = 1_000
"""Rows in one read: few round trips, and a parameter list that every database takes."""

WHOLE_ROWS = 100
"""In one read: each may weigh a megabyte, and after an outage all of them have moved."""

JITTER = 0.2
"""Processes that started together do not ask together."""

Item = TypeVar("Item")


class Sweep:
    """Compares what this process follows with the database. Its lifetime is an `async with`."""

    def __init__(
        self,
        store: Store,
        hub: Hub,
        publisher: Publisher,
        streamed: Iterable[type[Streamed]],
        *,
        patience: float,
        wait: float,
        on_end: Callable[[type[Streamed], Status], None] = lambda model, status: None,
    ) -> None:
        self._store = store
        self._hub = hub
        self._publisher = publisher
        self._streamed = tuple(streamed)
        self._patience = patience
        self._wait = wait
        self._on_end = on_end
        self._now = asyncio.Event()
        self._was_away = False
        """Whether the database was, when it was last asked."""
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), name="sweep")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def soon(self) -> None:
        """Sweep at once: the bus was away and may have lost anything."""
        self._now.set()

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._patience * random.uniform(1 - JITTER, 1)):  # noqa: S311
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()
            try:
                await self.once()
            except Exception as error:
                log.warning("not swept", error=repr(error), exc_info=unforeseen(error))

    async def once(self) -> None:
        """Settle what nobody writes any more, then compare all that is followed. Raises what the database raises."""
        if self._was_away:
            await self._store.read(select(literal(1)))
            self._was_away = False  # not settled yet: writers whose hearts could not beat come first
        else:
            await self._settle()
        for (model, streams), topics in _by_track(self._hub.topics).items():
            for keys in _batches(topics, BATCH):
                await self._compare(model, {key: topics[key] for key in keys}, streams=streams)

    async def _settle(self) -> None:
        for model in self._streamed:
            try:
                settled = await self._store.write(leases.settle(model, wait=self._wait))  # type: ignore[arg-type]
            except Exception:
                self._was_away = True
                raise
            for row in settled:
                if row.status == Status.STREAMING:
                    self._publisher.publish(channels.work(model.__tablename__), "")
                    continue
                log.warning("settled", model=model.__name__, id=str(row.id), code=row.error_code)
                self._on_end(model, row.status)
                self._publisher.announce(announcements.on_stream(model, dict(row._mapping)))

    async def _compare(self, model: RevisedModel, topics: Mapping[UUID, Topic], *, streams: bool) -> None:
        found = {row.id: row for row in await self._store.read(_positions(model, list(topics)))}
        moved = []
        for key, topic in topics.items():
            if (row := found.get(key)) is None:
                topic.offer(LatestState(snapshot.DELETED_REVISION))
                continue
            self._hub.invalidate_topic(topic, row.epoch)
            if row.streaming and not streams:
                topic.skip_to(row.revision)
            elif row.revision > topic.latest.revision:
                moved.append(key)
        if not streams:
            for key in moved:
                topics[key].offer(LatestState(found[key].revision))
        elif moved:
            await self._show(model, {key: topics[key] for key in moved})

    async def _show(self, model: RevisedModel, topics: Mapping[UUID, Topic]) -> None:
        table = model.__table__
        for keys in _batches(topics, WHOLE_ROWS):
            for row in await self._store.read(select(table).where(table.c.id.in_(keys))):
                topics[row.id].offer(LatestState(row.revision, snapshot.from_values(model, dict(row._mapping))))


def _positions(model: RevisedModel, keys: Sequence[UUID]) -> Select[Any]:
    """Of these rows: the revision, the access epoch that guards them, and whether they are streaming."""
    track = model.__track__
    streaming = getattr(model, track.while_) if isinstance(track, Stream) else literal(False)
    query = select(model.id, model.revision, streaming.label("streaming")).where(model.id.in_(keys))
    source = epoch_source(model)
    if source is None:
        return query.add_columns(literal(0).label("epoch"))
    guard, column, epoch = source
    if guard is not model:
        query = query.join(guard, guard.__table__.c.id == model.__table__.c[column])
    return query.add_columns(guard.__table__.c[epoch].label("epoch"))


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _by_track(topics: Iterable[Topic]) -> dict[tuple[RevisedModel, bool], dict[UUID, Topic]]:
    """The topics by model and track."""
    grouped: dict[tuple[RevisedModel, bool], dict[UUID, Topic]] = defaultdict(dict)
    for topic in topics:
        grouped[topic.model, topic.streams][topic.key] = topic
    return grouped
