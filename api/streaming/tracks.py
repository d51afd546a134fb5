"""What a model declares: the one track on which its changes travel.

    class Chat(Base):
        __track__ = Sync(touches="participants")

    class Message(Streamed, Base):
        __track__ = Stream("content", "reasoning", while_="streaming", otherwise=Sync(touches="chat"))

`Sync`: a change raises the row's revision, announces that number to whoever follows the row, and touches the
rows on whose pages it shows. `Stream`: while the row is being written, each change is the whole row, pushed to
whoever watches it, and nothing else happens; before and after, the row is on its `otherwise` track. `Untracked`:
nobody follows it. A model with no track, or with one that contradicts its columns, fails at import.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import FromClause, inspect
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.orm.interfaces import MANYTOONE

from api.streaming.errors import TrackError


@dataclass(frozen=True, slots=True)
class Sync:
    """Every change is a tiny signal, after which a page refetches what it shows.

    `touches` names the relationships to the rows on whose pages this one shows. `epoch` names the integer column
    that is raised whenever somebody loses access to the row, and to all that touches it. `page` tells whether the row
    has a page of its own, so that clients can follow its revision; by default it has, unless it is streamed and touches
    others, on whose pages it shows.
    """

    touches: str | tuple[str, ...] = ()
    epoch: str | None = None
    page: bool | None = None

    @property
    def touched(self) -> tuple[str, ...]:
        return (self.touches,) if isinstance(self.touches, str) else self.touches


class Stream:
    """While `while_` holds, every change is the whole row, pushed; otherwise the row is on the `otherwise` track.

    The positional names are the text columns that a writer appends to.
    """

    def __init__(self, *texts: str, while_: str, otherwise: Sync) -> None:
        self.texts = texts
        self.while_ = while_
        self.otherwise = otherwise


@dataclass(frozen=True, slots=True)
class Untracked:
    """Nobody follows these rows; any statement may change them."""


Track = Sync | Stream | Untracked

tracked: dict[str, type["Tracked"]] = {}
"""The tracked models by table name, in the order of their declaration."""


class Tracked:
    """The base of every model: a class without a sound `__track__` cannot be declared."""

    __track__: ClassVar[Track]
    __tablename__: Any
    __table__: ClassVar[FromClause]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__tablename__" not in cls.__dict__:
            return
        track = cls.__dict__.get("__track__")
        if not isinstance(track, Sync | Stream | Untracked):
            raise TrackError(
                f"{cls.__name__} declares no track: give it a line `__track__ = Sync(…)`, `Stream(…)` or `Untracked()`."
            )
        if isinstance(track, Untracked):
            return
        for fault in _faults(cls, track):
            raise TrackError(f"{cls.__name__}.__track__ contradicts the model: {fault}")
        tracked[cls.__tablename__] = cls


def _faults(model: type[Tracked], track: Sync | Stream) -> Iterable[str]:
    columns = model.__table__.columns
    sync = sync_of(track)
    for name in sync.touched:
        if not isinstance(getattr(getattr(model, name, None), "prop", None), RelationshipProperty):
            yield f"it touches `{name}`, which is no relationship of it."
    if "revision" not in columns and not sync.touched:
        yield "it has neither a `revision` column nor anything that it touches, so nobody could notice a change."
    if sync.epoch and sync.epoch not in columns:
        yield f"its epoch `{sync.epoch}` is no column of it."
    for key in (key for column in columns for key in column.foreign_keys):
        for when, action in (("DELETE", key.ondelete), ("UPDATE", key.onupdate)):
            if action and action.upper() not in ("RESTRICT", "NO ACTION"):
                yield (
                    f"the foreign key on `{key.parent.name}` lets the database change rows (ON {when} {action}), "
                    "which nobody would hear of. Do it through the session instead."
                )
    if isinstance(track, Stream):
        if not track.texts:
            yield 'a streamed model names the text columns that grow, as in Stream("content", …).'
        for name in track.texts:
            if name not in columns:
                yield f"it streams `{name}`, which is no column of it."
        if "fence" not in columns:
            yield "a streamed model needs a writer's columns: let it inherit from `Streamed`."
        if not isinstance(vars_of(model).get(track.while_), hybrid_property):
            yield f"`{track.while_}` is no hybrid property that says whether the row is being written."


def vars_of(model: type) -> dict[str, Any]:
    """All class attributes by name, inherited ones included."""
    return {name: value for base in reversed(model.__mro__) for name, value in vars(base).items()}


def sync_of(track: Sync | Stream) -> Sync:
    """The sync side of a track."""
    return track.otherwise if isinstance(track, Stream) else track


def has_page(model: type["Tracked"]) -> bool:
    """Whether clients can follow the revision of the model's rows on the sync track."""
    track = model.__track__
    if isinstance(track, Untracked) or "revision" not in model.__table__.columns:
        return False
    sync = sync_of(track)
    return not (isinstance(track, Stream) and sync.touched) if sync.page is None else sync.page


def streamed() -> list[type["Tracked"]]:
    """The models on a stream track."""
    return [model for model in tracked.values() if isinstance(model.__track__, Stream)]


def by_depth() -> list[type["Tracked"]]:
    """The tracked models, each before those that it touches: the one order in which rows are locked."""
    order: list[type[Tracked]] = []

    def place(model: type[Tracked]) -> None:
        if model in order:
            return
        for name in sync_of(model.__track__).touched:  # type: ignore[arg-type]
            place(target(model, name))
        order.append(model)

    for model in tracked.values():
        place(model)
    return order[::-1]


def target(model: type[Tracked], relationship: str) -> type[Tracked]:
    """The model at the other end of a relationship."""
    return inspect(model).relationships[relationship].mapper.class_  # type: ignore[no-any-return]


def epoch_source(model: type["Tracked"]) -> tuple[type["Tracked"], str, str] | None:
    """Where the access epoch of the model's rows is: the model that has it, the column that names its row, its name.

    The model's own epoch comes first, then that of a row that it touches by a foreign key. None if nobody can lose
    access to its rows.
    """
    sync = sync_of(model.__track__)  # type: ignore[arg-type]
    if sync.epoch:
        return model, "id", sync.epoch
    for name in sync.touched:
        relationship = inspect(model).relationships[name]
        parent = target(model, name)
        if relationship.direction is MANYTOONE and (epoch := sync_of(parent.__track__).epoch):  # type: ignore[arg-type]
            return parent, next(iter(relationship.local_columns)).key, epoch
    return None


def streaming(row: Any, values: dict[str, Any] | None = None) -> bool:
    """Whether the row is on the stream track now, or was when its columns had `values` (those named there)."""
    track = type(row).__track__
    if not isinstance(track, Stream):
        return False
    if not values:
        return bool(getattr(row, track.while_))
    former = type("Former", (), {name: getattr(row, name) for name in _columns(row)} | values)
    return bool(vars_of(type(row))[track.while_].fget(former))


def _columns(row: Any) -> Iterable[str]:
    state = inspect(row)
    return (name for name, _ in state.mapper.columns.items() if name not in state.unloaded)
