"""Access rules: which rows of a model a viewer may see.

    @access_rule(Note)
    def visible_notes(viewer: UUID) -> Select[Note]:
        return select(Note).join(NoteMember).where(NoteMember.user_id == viewer)

A rule is a query, so permission and contents are read together, and no change fits in between. The hub runs it once per
subscription, and again only after a user has lost access.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import Executable, Select, Uuid, bindparam, literal, select, union_all

from api.streaming import snapshot
from api.streaming.columns import Revised
from api.streaming.errors import AccessRuleMissing
from api.streaming.store import Store
from api.streaming.tracks import epoch_source

RevisedModel = type[Revised]
Key = tuple[RevisedModel, UUID]
Rule = Callable[[UUID], Select[Any]]
RuleType = TypeVar("RuleType", bound=Rule)

_rules: dict[RevisedModel, Rule] = {}


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """What the viewer may see: the row's revision and, on the stream track, the row itself.

    `scope` is the id of the row whose access epoch rises when a user loses access, and `epoch` is that epoch as it was
    read. `scope` is None if no user can lose access.
    """

    revision: int
    scope: UUID | None = None
    epoch: int = 0
    row: Any = None


def access_rule(model: RevisedModel) -> Callable[[RuleType], RuleType]:
    """Registers the decorated function as the model's access rule.

    It takes the viewer's id and returns a `select` of the rows that the viewer may see. It is called once, with a
    parameter of the query in place of an id: use the parameter in the query, and do not branch on it.
    """

    def register(rule: RuleType) -> RuleType:
        _rules[model] = rule
        return rule

    return register


def rule_of(model: RevisedModel) -> Rule:
    """The model's access rule. Raises AccessRuleMissing if it has none."""
    try:
        return _rules[model]
    except KeyError:
        raise AccessRuleMissing(
            f"{model.__name__} has no access rule, so no client may follow it. Decorate a function that takes the "
            f"viewer's id and returns a select of the rows they may see with `@access_rule({model.__name__})`."
        ) from None


def require_rules(models: Iterable[RevisedModel]) -> None:
    """Raise AccessRuleMissing for the first of these models that has no access rule."""
    for model in models:
        rule_of(model)


class Access:
    """Reads what viewers may see. Each call executes one query, which is built once for each model."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def row(self, model: RevisedModel, key: UUID, viewer: UUID | None) -> AccessGrant | None:
        """A grant with the whole row. None if the row is unknown, deleted or not visible to the viewer.

        The viewer is None if the client is not signed in, and sees nothing.
        """
        if viewer is None:
            return None
        for found in await self._store.read(_row_query(model), {"viewer": viewer, "key": key}):  # type: ignore[arg-type]
            values = dict(found._mapping)
            scope, epoch = values.pop("access_scope"), values.pop("access_epoch_now")
            return AccessGrant(found.revision, scope, epoch, snapshot.from_values(model, values))
        return None

    async def revisions(self, keys: Sequence[Key], viewer: UUID | None) -> dict[Key, AccessGrant]:
        """Grants with the revisions of those rows that the viewer may see."""
        wanted: dict[RevisedModel, list[UUID]] = defaultdict(list)
        for model, key in keys:
            wanted[model].append(key)
        if viewer is None or not wanted:
            return {}
        models = sorted(wanted, key=lambda model: model.__tablename__)
        parameters = {f"keys_{number}": wanted[model] for number, model in enumerate(models)}
        query = _revisions_query(*models)  # type: ignore[arg-type]
        return {
            (models[found.model], found.id): AccessGrant(found.revision, found.access_scope, found.access_epoch_now)
            for found in await self._store.read(query, {"viewer": viewer, **parameters})
        }


@cache
def _row_query(model: RevisedModel) -> Select[Any]:
    visible = _visible(model).where(model.id == bindparam("key")).subquery()
    return _granted(model, visible, list(visible.c))


@cache
def _revisions_query(*models: RevisedModel) -> Executable:
    queries = []
    for number, model in enumerate(models):
        visible = _visible(model).where(model.id.in_(bindparam(f"keys_{number}", expanding=True))).subquery()
        columns = [literal(number).label("model"), visible.c.id, visible.c.revision]
        queries.append(_granted(model, visible, columns))
    return queries[0] if len(queries) == 1 else union_all(*queries)


def _visible(model: RevisedModel) -> Select[Any]:
    """The rows that the viewer may see, whose id is the parameter `viewer` of the query.

    Queries are built once, since building one costs more than executing it.
    """
    return rule_of(model)(cast(UUID, bindparam("viewer", type_=Uuid())))


def _granted(model: RevisedModel, visible: Any, columns: Sequence[Any]) -> Select[Any]:
    """These columns of the visible rows, and the id and the access epoch of the row that guards each of them."""
    source = epoch_source(model)
    if source is None:
        return select(*columns, *_guarded_by(literal(None, model.id.type), literal(0)))
    guard, column, epoch = source
    if guard is model:
        return select(*columns, *_guarded_by(visible.c.id, visible.c[epoch]))
    table = guard.__table__
    query = select(*columns, *_guarded_by(table.c.id, table.c[epoch]))
    return query.join_from(visible, table, table.c.id == visible.c[column])


def _guarded_by(scope: Any, epoch: Any) -> tuple[Any, Any]:
    return scope.label("access_scope"), epoch.label("access_epoch_now")
