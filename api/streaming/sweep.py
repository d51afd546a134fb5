"""The sweep: compares everything that this process follows with the database, every few seconds. The database is the
truth, and the bus only a hint.

One query reads the revisions and access epochs of a thousand followed rows. Whole rows are read only if they moved. The
sweep delivers what the bus lost, settles rows whose writers died, and has subscribers authorized again.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import literal, select
from sqlalchemy.sql.selectable import Select

from api.streaming import announcements, channels, leases, snapshot
from api.streaming.access import RevisedModel
from api.streaming.chunks import discard
from api.streaming.columns import Status, Streamed
from api.streaming.hub import Hub
from api.streaming.observer import NO_OBSERVER, Observer
from api.streaming.publisher import Publisher
from api.streaming.store import FailureLog, Store
from api.streaming.topic import LatestState, Topic
from api.streaming.tracks import Stream, epoch_source

log = structlog.get_logger(__name__)

REVISIONS_PER_QUERY = 1_000
"""Most revisions in one query: few round trips, and a list of parameters that every database takes."""

ROWS_PER_QUERY = 100
"""Most whole rows in one query. Each may have a megabyte, and after an outage all of them have moved."""

JITTER = 0.2
"""Each pause is shorter by up to this share, so that processes that started together do not sweep together."""

Item = TypeVar("Item")


class Sweep:
    """Sweeps every `patience` seconds, with jitter. Its lifetime is an `async with`.

    `streamed` are the models whose rows it settles. A row that starts again waits for a worker, for `wait` seconds.
    Rows of the models in `resumable` go on from their text when their writers died.
    `at_once` is how many rows of one requester are written at once, 0 for any number.
    `observer` is called for every row that the sweep ends.
    """

    def __init__(
        self,
        store: Store,
        hub: Hub,
        publisher: Publisher,
        streamed: Iterable[type[Streamed]],
        *,
        patience: float,
        wait: float,
        at_once: int = 0,
        resumable: Collection[type[Streamed]] = (),
        observer: Observer = NO_OBSERVER,
    ) -> None:
        self._store = store
        self._hub = hub
        self._publisher = publisher
        self._streamed = tuple(streamed)
        self._patience = patience
        self._wait = wait
        self._at_once = at_once
        self._resumable = frozenset(resumable)
        self._observer = observer
        self._triggered = asyncio.Event()
        self._database_was_away = False
        """Whether the last attempt to settle failed."""
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

    def trigger(self) -> None:
        """Sweep as soon as possible, for example because the bus may have lost messages."""
        self._triggered.set()

    async def _run(self) -> None:
        failures = FailureLog("sweep failed")
        while True:
            try:
                async with asyncio.timeout(self._patience * random.uniform(1 - JITTER, 1)):  # noqa: S311
                    await self._triggered.wait()
            except TimeoutError:
                pass
            self._triggered.clear()
            try:
                await self.once()
            except Exception as error:
                failures.failed(error)
            else:
                failures.succeeded()

    async def once(self) -> None:
        """Sweep now: settle the rows whose writers died, then compare what is followed with the database.

        Raises the database's exception if it is away.
        """
        if self._database_was_away:
            # Settles only next time: first, writers that could send no heartbeats get time to extend their leases.
            for streamed in self._streamed:
                await self._store.write(leases.touch_expired(streamed))  # type: ignore[arg-type]
            self._database_was_away = False
        else:
            await self._settle()
        for (model, streams), topics in _by_track(self._hub.topics).items():
            for keys in _batches(topics, REVISIONS_PER_QUERY):
                await self._compare(model, {key: topics[key] for key in keys}, streams=streams)

    async def _settle(self) -> None:
        for model in self._streamed:
            try:
                settle = leases.settle(
                    model,  # type: ignore[arg-type]
                    wait=self._wait,
                    at_once=self._at_once,
                    resumable=model in self._resumable,
                )
                settled = await self._store.write(settle)
            except Exception:
                self._database_was_away = True
                raise
            for row in settled:
                if row.status == Status.STREAMING:
                    self._publisher.publish(channels.work(model.__tablename__), "")
                    continue
                writer = None if row.writer is None else str(row.writer)
                log.warning("settled", model=model.__name__, id=str(row.id), code=row.error_code, writer=writer)
                self._observer.ended(model, row.id, row.status, row.error_code)
                self._publisher.announce(announcements.on_stream(model, dict(row._mapping)))
            if ended := [row.id for row in settled if row.status != Status.STREAMING]:
                await self._store.write(discard(model, ended))

    async def _compare(self, model: RevisedModel, topics: Mapping[UUID, Topic], *, streams: bool) -> None:
        found = {row.id: row for row in await self._store.read(_revisions(model, list(topics)))}
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
            await self._deliver_rows(model, {key: topics[key] for key in moved})

    async def _deliver_rows(self, model: RevisedModel, topics: Mapping[UUID, Topic]) -> None:
        table = model.__table__
        for keys in _batches(topics, ROWS_PER_QUERY):
            for row in await self._store.read(select(table).where(table.c.id.in_(keys))):
                topics[row.id].offer(LatestState(row.revision, snapshot.from_values(model, dict(row._mapping))))


def _by_track(topics: Iterable[Topic]) -> dict[tuple[RevisedModel, bool], dict[UUID, Topic]]:
    """The topics by model and track."""
    grouped: dict[tuple[RevisedModel, bool], dict[UUID, Topic]] = defaultdict(dict)
    for topic in topics:
        grouped[topic.model, topic.streams][topic.key] = topic
    return grouped


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _revisions(model: RevisedModel, keys: Sequence[UUID]) -> Select[Any]:
    """The revision and the access epoch of each of these rows, and whether it is streaming."""
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
