"""Tracks: how the changes of a model's rows reach clients. Each model declares one.

    class Folder(Revised, Base):
        __track__ = Sync(touches="members")

    class Note(Streamed, Base):
        __track__ = Stream("body", while_="streaming", otherwise=Sync(touches="folder"))

- `Sync`: a change raises the row's revision, publishes that number to the row's subscribers, and touches the rows whose
  pages show the changed one.
- `Stream`: while the row is being written, a change publishes the whole row to its subscribers, and touches no other
  row. Before and after, the row is on its `otherwise` track.
- `Untracked`: clients cannot follow the rows.

A model that declares no track, or one that contradicts its columns, fails at import with TrackError.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, cast

from sqlalchemy import FromClause, Table, inspect
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.orm.interfaces import MANYTOONE

from api.streaming.chunks import add_chunks
from api.streaming.errors import TrackError


@dataclass(frozen=True, slots=True)
class Sync:
    """Publishes the revision of a changed row. Clients then refetch the page that shows it.

    `touches` names the relationships to the rows whose pages show this one. `epoch` names an integer column, the access
    epoch. The application raises it when a user loses access to the row, and thereby to the rows that touch it.

    `page` says whether the row has a page of its own, so that clients can follow its revision. By default it has one,
    unless it is streamed and touches another row by a foreign key: then that row's page shows it.
    """

    touches: str | tuple[str, ...] = ()
    epoch: str | None = None
    page: bool | None = None

    @property
    def touched(self) -> tuple[str, ...]:
        """The names of the touched relationships."""
        return (self.touches,) if isinstance(self.touches, str) else self.touches


class Stream:
    """Publishes the whole row on every change while `while_` is true. Otherwise the row is on the `otherwise` track.

    The positional arguments name the text columns that a producer appends to; the first is the default of
    `Draft.append`. `while_` names a hybrid property of the model that is true while the row is being written.

    `in_turn` names a column. Rows that share its value are written one after the other, in the order of their creation:
    workers do not claim a row while an earlier one is unfinished. A row in which it is NULL takes no turn.

    `on_behalf_of` names a column with the requester of a row, usually a user. Workers claim fairly among requesters,
    and write no more rows of one at once than the process allows. A row in which it is NULL is not limited.
    """

    def __init__(
        self,
        *texts: str,
        while_: str,
        otherwise: Sync,
        in_turn: str | None = None,
        on_behalf_of: str | None = None,
    ) -> None:
        self.texts = texts
        self.while_ = while_
        self.otherwise = otherwise
        self.in_turn = in_turn
        self.on_behalf_of = on_behalf_of


@dataclass(frozen=True, slots=True)
class Untracked:
    """Clients cannot follow the rows, so any statement may change them."""


Track = Sync | Stream | Untracked

tracked: dict[str, type["Tracked"]] = {}
"""The tracked models by table name, in the order of their declaration."""


class Tracked:
    """Base of every model. Raises TrackError for a class whose `__track__` is missing or contradicts its columns."""

    __track__: ClassVar[Track]
    __tablename__: Any
    __table__: ClassVar[FromClause]
    __chunks__: ClassVar[Table]
    """Of a streamed model: the table of what was appended to rows that are being written; see `chunks`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__tablename__" not in cls.__dict__:
            return
        track = cls.__dict__.get("__track__")
        if not isinstance(track, Sync | Stream | Untracked):
            raise TrackError(
                f"{cls.__name__} declares no track. Add `__track__ = Sync(…)`, `Stream(…)` or `Untracked()` to it."
            )
        if isinstance(track, Untracked):
            return
        for contradiction in _contradictions(cls, track):
            raise TrackError(f"{cls.__name__}.__track__ contradicts the model: {contradiction}")
        tracked[cls.__tablename__] = cls
        if isinstance(track, Stream):
            cls.__chunks__ = add_chunks(cast(Table, cls.__table__), track.texts)


def _contradictions(model: type[Tracked], track: Sync | Stream) -> Iterable[str]:
    columns = model.__table__.columns
    sync = sync_of(track)
    for name in sync.touched:
        if not isinstance(getattr(getattr(model, name, None), "prop", None), RelationshipProperty):
            yield f"it touches `{name}`, which is not a relationship of the model."
    if "revision" not in columns and not sync.touched:
        yield (
            "there is no `revision` column and it touches nothing, so no client could notice a change. "
            "Inherit from `Revised`, or name a relationship in `touches`."
        )
    if sync.epoch and sync.epoch not in columns:
        yield f"its epoch `{sync.epoch}` is not a column of the model."
    for key in (key for column in columns for key in column.foreign_keys):
        for when, action in (("DELETE", key.ondelete), ("UPDATE", key.onupdate)):
            if action and action.upper() not in ("RESTRICT", "NO ACTION"):
                yield (
                    f"the foreign key on `{key.parent.name}` lets the database change rows (ON {when} {action}) "
                    "without an announcement. Change them through the session instead."
                )
    if isinstance(track, Stream):
        if not track.texts:
            yield 'it names no column to stream. Name the text columns that grow, as in Stream("content", …).'
        for name in track.texts:
            if name not in columns:
                yield f"it streams `{name}`, which is not a column of the model."
        if track.in_turn is not None and track.in_turn not in columns:
            yield f"its rows take turns by `{track.in_turn}`, which is not a column of the model."
        if track.on_behalf_of is not None and track.on_behalf_of not in columns:
            yield f"its rows are written on behalf of `{track.on_behalf_of}`, which is not a column of the model."
        if "fence" not in columns:
            yield "there are no columns for a status, a lease and a fence. Inherit from `Streamed`."
        if not isinstance(class_attributes(model).get(track.while_), hybrid_property):
            yield (
                f"`{track.while_}` is not a hybrid property of the model. "
                "`while_` names one that is true while a row is being written."
            )


def class_attributes(model: type) -> dict[str, Any]:
    """All class attributes by name, including inherited ones."""
    return {name: value for base in reversed(model.__mro__) for name, value in vars(base).items()}


def sync_of(track: Sync | Stream) -> Sync:
    """The sync track of a model: the declared one, or the one that its rows are on while they do not stream."""
    return track.otherwise if isinstance(track, Stream) else track


def turn_of(model: type["Tracked"]) -> str | None:
    """The column by which the model's rows take turns, if they do."""
    track = model.__track__
    return track.in_turn if isinstance(track, Stream) else None


def requester_of(model: type["Tracked"]) -> str | None:
    """The column that names on whose behalf a row of the model is written, if there is one."""
    track = model.__track__
    return track.on_behalf_of if isinstance(track, Stream) else None


def has_page(model: type["Tracked"]) -> bool:
    """Whether clients can follow the revision of the model's rows on the sync track."""
    return _has_page(model)  # type: ignore[arg-type]


@cache  # it is asked for each announcement, and never changes
def _has_page(model: Any) -> bool:
    track = model.__track__
    if isinstance(track, Untracked) or "revision" not in model.__table__.columns:
        return False
    sync = sync_of(track)
    if sync.page is not None:
        return sync.page
    relationships = inspect(model).relationships
    belongs_to_another = any(relationships[name].direction is MANYTOONE for name in sync.touched)
    return not (isinstance(track, Stream) and belongs_to_another)


def streamed_models() -> list[type["Tracked"]]:
    """The models that declare a stream track, in the order of their declaration."""
    return [model for model in tracked.values() if isinstance(model.__track__, Stream)]


def in_lock_order() -> list[type["Tracked"]]:
    """The tracked models, each before those that it touches. Every transaction locks rows in this order."""
    order: list[type[Tracked]] = []

    def place(model: type[Tracked]) -> None:
        if model in order:
            return
        for name in sync_of(model.__track__).touched:  # type: ignore[arg-type]
            place(related_model(model, name))
        order.append(model)

    for model in tracked.values():
        place(model)
    return order[::-1]


def related_model(model: type[Tracked], relationship: str) -> type[Tracked]:
    """The model at the other end of a relationship."""
    return inspect(model).relationships[relationship].mapper.class_  # type: ignore[no-any-return]


def epoch_source(model: type["Tracked"]) -> tuple[type["Tracked"], str, str] | None:
    """Where the access epoch of the model's rows is stored, as (guard, column, epoch).

    `guard` is the model with the epoch, and `epoch` names its column. `column` names the column of the given model that
    holds the id of the guarding row. The model's own epoch comes first, then that of a row that it touches by a foreign
    key. None if no user can lose access to the rows.
    """
    sync = sync_of(model.__track__)  # type: ignore[arg-type]
    if sync.epoch:
        return model, "id", sync.epoch
    for name in sync.touched:
        relationship = inspect(model).relationships[name]
        parent = related_model(model, name)
        if relationship.direction is MANYTOONE and (epoch := sync_of(parent.__track__).epoch):  # type: ignore[arg-type]
            return parent, next(iter(relationship.local_columns)).key, epoch
    return None


def is_streaming(row: Any, former: dict[str, Any] | None = None) -> bool:
    """Whether the row is on the stream track. With `former`, whether it was when these columns had these values."""
    track = type(row).__track__
    if not isinstance(track, Stream):
        return False
    if not former:
        return bool(getattr(row, track.while_))
    before = type("Before", (), {name: getattr(row, name) for name in _loaded_columns(row)} | former)
    return bool(class_attributes(type(row))[track.while_].fget(before))


def _loaded_columns(row: Any) -> Iterable[str]:
    state = inspect(row)
    return (name for name, _ in state.mapper.columns.items() if name not in state.unloaded)
