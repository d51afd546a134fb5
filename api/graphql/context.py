"""What a resolver finds in `info.context`: the services of the process, the viewer, and loaders of this operation."""

from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from api.characters import utf8_bytes
from api.database import Database
from api.errors import Forbidden, LimitExceeded, Unauthenticated
from api.graphql.followed_ids import FollowedIds
from api.identity import Identity
from api.settings import Settings
from api.streaming.access import rule_of
from api.streaming.columns import Revised
from api.streaming.hub import Hub
from api.streaming.tracks import Tracked

OBJECTS_PER_ANSWER = 5_000
"""Objects of any kind in one answer: fifty full pages. Relay's connections and edges do not count."""

ROWS_EXPECTED = 20_000
"""Rows that the pages of one answer may ask for before they are read: most pages are not full."""

READ_FACTOR = 3
"""So many times more bytes than its limit may be read for one answer: fields that it does not show are read as well."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Row = TypeVar("Row", bound=Revised)


FOR_USERS = "A link only shows its chat. Sign in for anything else."


class AnswerTooLarge(LimitExceeded):
    """Ends the whole operation, wherever it is raised."""


class SubscriptionMetrics(Protocol):
    """Counts subscriptions and their updates. `model` is a model's class name; empty for subscriptions to several."""

    def subscribed(self, track: str, model: str) -> None: ...
    def unsubscribed(self, track: str, model: str) -> None: ...
    def updated_stream(self, model: str) -> None: ...
    def updated_sync(self, model: str) -> None: ...


class Credentials(Protocol):
    """Knows who sends a request, and when the credential that proves it ends."""

    async def identify(self, authorization: str | None) -> Identity | None:
        """Reads an `Authorization` value; None without a value. Raises Unauthenticated for a bad one."""

    def watch(self, identity: Identity | None, ended: Callable[[], None]) -> AbstractContextManager[None]:
        """Calls `ended` if the credential ends while the block runs, or has ended already."""


@dataclass(frozen=True)
class Services:
    """What the engine needs of the process. A product extends it with what its own resolvers need."""

    settings: Settings
    database: Database
    hub: Hub
    metrics: SubscriptionMetrics
    credentials: Credentials
    followed: dict[UUID, FollowedIds] = field(default_factory=dict, kw_only=True)
    """By user, the ids that their `sync` subscriptions follow now in this process."""


ServicesType = TypeVar("ServicesType", bound=Services)

Batch = Callable[[Database, Sequence[Key]], Awaitable[Sequence[Value]]]
"""Loads the objects with these keys in one query, in the order of the keys."""


@dataclass
class Context(Generic[ServicesType]):
    """One operation's context. Loaders batch and do not cache: an event must not see what an earlier one read."""

    services: ServicesType
    sender: Identity | None
    """The identity that the request's credential proves: of a user, or of a guest with a link."""
    client: str = ""
    """The address that the request came from."""
    request_id: str = ""
    agent: str = ""
    """The `User-Agent` of the client."""
    rows: int = 0
    """Rows of connections that were read for the current answer."""
    expected: int = 0
    """Rows that the connections of the current answer have asked for."""
    completed: int = 0
    """Objects in the current answer so far."""
    read_bytes: int = 0
    """Texts that the connections of the current answer have read, in UTF-8."""
    text_bytes: int = 0
    """Texts in the current answer so far, in UTF-8."""
    busy: bool = False
    """Whether a query or mutation of this operation runs. It runs to its end, though the client may leave."""
    on_idle: Callable[[], None] | None = None
    """Called when it has ended."""
    followed: FollowedIds = field(default_factory=FollowedIds)
    """Ids that the socket of this operation follows; those of a request over HTTP are its own."""
    _loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)

    @property
    def viewer(self) -> Identity | None:
        """The identity of the user who sent the request; None without a token, and for a guest."""
        return None if self.sender is None or self.sender.is_guest else self.sender

    @property
    def signed_in(self) -> UUID:
        """The viewer's id. Raises Unauthenticated if the request has no token, and Forbidden for a guest."""
        return self.identity.id

    @property
    def identity(self) -> Identity:
        """The viewer's identity. Raises Unauthenticated if the request has no token, and Forbidden for a guest."""
        self.require_user()
        return self.reader

    def require_user(self) -> None:
        """Raises Unauthenticated if the request has no token, and Forbidden for a guest."""
        if self.reader.is_guest:
            raise Forbidden(FOR_USERS)

    @property
    def reader(self) -> Identity:
        """The identity by which access rules are asked: a user's or a guest's.

        Raises Unauthenticated if the request has no token.
        """
        if self.sender is None:
            raise Unauthenticated(
                "Sign in first: send `Authorization: Bearer <token>`, or `connectionParams.authorization` over "
                "WebSocket."
            )
        return self.sender

    async def to_the_end(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Await the work. If the client leaves meanwhile, it still ends: a cancelled query costs its connection to the
        database."""
        self.busy = True
        return await self.services.database.finish(self._until_idle(work))

    async def _until_idle(self, work: Coroutine[Any, Any, Value]) -> Value:
        try:
            return await work
        finally:
            self.busy = False
            if self.on_idle is not None:
                self.on_idle()

    def begin_answer(self) -> None:
        """A subscription's next event is an answer of its own."""
        self.rows = self.expected = self.completed = self.read_bytes = self.text_bytes = 0

    def expect(self, rows: int) -> None:
        """A connection is about to read up to so many rows. Raises AnswerTooLarge: nested lists multiply."""
        self.expected += rows
        if self.expected > ROWS_EXPECTED:
            raise _too_many_objects()

    def spend(self, rows: int, texts: Iterable[str | None] = ()) -> None:
        """Count the rows that a connection has read, and their texts. Raises AnswerTooLarge."""
        self.rows += rows
        if self.rows > OBJECTS_PER_ANSWER:
            raise _too_many_objects()
        self.read_bytes += sum(utf8_bytes(text or "") for text in texts)
        self._require_bytes(self.read_bytes, READ_FACTOR)

    def count_object(self) -> None:
        """Count an object of the answer. Raises AnswerTooLarge."""
        self.completed += 1
        if self.completed > OBJECTS_PER_ANSWER:
            raise _too_many_objects()

    def count_text(self, text: str) -> None:
        """Count a text of the answer. Raises AnswerTooLarge."""
        self.text_bytes += utf8_bytes(text)
        self._require_bytes(self.text_bytes)

    def _require_bytes(self, size: int, factor: int = 1) -> None:
        most = self.services.settings.answer_bytes
        if size > factor * most:
            raise AnswerTooLarge(
                f"This answer has more than {most:,} bytes, the limit. "
                "Request each text once, smaller pages, or fewer in one operation."
            )

    async def load(self, batch: "Batch[Key, Value]", key: Key) -> Value:
        """The object with this key. All that one step of the operation loads by the same `batch` is one query."""
        loader = self._loaders.get(batch)
        if loader is None:
            loader = self._loaders[batch] = DataLoader(partial(_load, self.services.database, batch), cache=False)
        return await loader.load(key)  # type: ignore[no-any-return]

    async def visible(self, model: type[Row], key: UUID) -> Row | None:
        """The row, if the model's access rule lets the viewer or guest see it; None if not, or if it does not exist."""
        if self.sender is None:
            return None
        query = rule_of(model)(self.sender.id).where(model.id == key)

        async def find() -> Row | None:
            async with self.services.database.reading() as session:
                return await session.scalar(query)

        return await self.services.database.finish(find())


async def _load(database: Database, batch: Any, keys: list[Any]) -> list[Any]:
    # To its end, though the client may leave: a query that is cut off costs its connection.
    unique = list(dict.fromkeys(keys))  # a thousand messages name the same chat
    found = dict(zip(unique, await database.finish(batch(database, unique)), strict=True))
    return [found[key] for key in keys]


Info = strawberry.Info[Context[Services], None]


def _too_many_objects() -> AnswerTooLarge:
    return AnswerTooLarge(
        f"This operation reads more than {OBJECTS_PER_ANSWER:,} objects, the limit of one answer. "
        "Request smaller pages, or fewer in one operation."
    )


@contextmanager
def counted(context: Context[Any], track: str, model: type[Tracked] | None = None) -> Iterator[None]:
    """Count a subscription for as long as it is open."""
    name = model.__name__ if model is not None else ""
    context.services.metrics.subscribed(track, name)
    try:
        yield
    finally:
        context.services.metrics.unsubscribed(track, name)
