"""A plain selection on a snapshot, compiled once into a function: row in, JSON-ready dictionary out.

What may be compiled is declared in the schema: a `snapshot_field` reads the snapshot alone, a `related_field` an object
that the snapshot names. Both are the same for every viewer. A selection with any other field is left to graphql-core.
Both ways give the same bytes.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    SelectionNode,
    SelectionSetNode,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.values import VariableValues, get_directive_values
from strawberry.types.field import StrawberryField

from api.graphql.context import Info
from api.graphql.execution.unreadable import Unreadable
from api.streaming.tolerant import UnreadableKey

SNAPSHOT_FIELD = "snapshot_field"

Get = Callable[[Any], Any]
Project = Callable[[Any], Any]


class NotShareable(Exception):
    """This snapshot needs graphql-core: a field depends on the viewer, or its value is an error."""


class NotLoaded(Exception):
    """An object that the snapshot names was not loaded yet. `name` is how it is loaded, and its key."""

    def __init__(self, name: tuple[Any, Hashable]) -> None:
        super().__init__(name)
        self.name = name


snapshot_field = partial(strawberry.field, metadata={SNAPSHOT_FIELD: True})
"""A field that reads the snapshot alone, and so is the same for every viewer."""


@dataclass(frozen=True, slots=True)
class Related:
    """How a field finds an object that the snapshot names by a key."""

    batch: Any
    key: Callable[[Any], Hashable | None]
    join: Callable[[Any, Any], Any]
    """Makes the field's value of the resolver's object and of what was loaded, which is None without a key."""


def related_field(
    batch: Any, key: Callable[[Any], Hashable | None], wrap: Callable[[Any], Any], *, description: str
) -> Any:
    """A field with an object that the snapshot names by a key, the same for every viewer.

    `batch(database, keys)` loads such objects, `key` reads the key from the resolver's object (None: the field is
    null), `wrap` makes the GraphQL object of what was loaded. Subscribers of a stream share what was loaded: one query
    per object and operation, none per update.
    """

    def join(_: Any, found: Any) -> Any:
        return None if found is None else wrap(found)

    return joined_field(batch, key, join, description=description)


def joined_field(
    batch: Any, key: Callable[[Any], Hashable | None], join: Callable[[Any, Any], Any], *, description: str
) -> Any:
    """A field computed from the snapshot and from what it names by a key, the same for every viewer.

    As in `related_field`, but `join` makes the value of the resolver's object and of what `batch` loaded for its key.
    Without a key, nothing is loaded, and `join` is given None.
    """

    def readable_key(root: Any) -> Hashable | None:
        found = key(root)
        if isinstance(found, UnreadableKey):
            raise Unreadable("what is stored is no id")
        return found

    async def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        found = readable_key(root)
        return join(root, None if found is None else await info.context.load(batch, found))

    return strawberry.field(
        resolver=resolve, description=description, metadata={SNAPSHOT_FIELD: Related(batch, readable_key, join)}
    )


class Fragments:
    """Compiles selections, with the document's fragments, the variables that directives name, and related objects."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
        related: Mapping[Any, Any],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._related = related

    def compile(self, selections: Iterable[SelectionSetNode], kind: GraphQLObjectType) -> Project | None:
        """The function that answers these selections on an object of this type; None if a field reads more."""
        plan: list[tuple[str, Get, Project]] = []
        for key, nodes in self.fields(selections, kind).items():
            name = nodes[0].name.value
            if name == "__typename":
                plan.append((key, _always(kind.name), _as_is))
                continue
            get = self._getter(kind, name)
            complete = self._completion(kind.fields[name].type, nodes)
            if get is None or complete is None or nodes[0].arguments:
                return None
            plan.append((key, get, complete))
        return lambda thing: {key: complete(get(thing)) for key, get, complete in plan}

    def fields(self, selections: Iterable[SelectionSetNode], kind: GraphQLObjectType) -> dict[str, list[FieldNode]]:
        """The selected fields by response key, in the order of a response."""
        found: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in selections:
            for node in self._flat(selection_set, kind, visited):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return found

    def _flat(self, selection_set: SelectionSetNode, kind: GraphQLObjectType, visited: set[str]) -> Iterator[FieldNode]:
        for node in selection_set.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in visited:
                    continue
                visited.add(node.name.value)
                fragment = self._fragments[node.name.value]
            condition = fragment.type_condition
            if condition is None or self._applies(condition.name.value, kind):
                yield from self._flat(fragment.selection_set, kind, visited)

    def _included(self, node: SelectionNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def _applies(self, name: str, kind: GraphQLObjectType) -> bool:
        condition = self._schema.get_type(name)
        if condition is kind:
            return True
        return condition is not None and is_abstract_type(condition) and self._schema.is_sub_type(condition, kind)

    def _completion(self, kind: GraphQLOutputType, nodes: list[FieldNode]) -> Project | None:
        if isinstance(kind, GraphQLNonNull):
            inner = self._completion(kind.of_type, nodes)
            return None if inner is None else _required(inner)
        if is_leaf_type(kind):
            return _leaf(kind)
        if isinstance(kind, GraphQLList):
            inner = self._completion(kind.of_type, nodes)
            return None if inner is None else _listed(inner)
        if isinstance(kind, GraphQLObjectType):
            selections = [node.selection_set for node in nodes if node.selection_set is not None]
            project = self.compile(selections, kind)
            return None if project is None else _optional(project)
        return None

    def _getter(self, kind: GraphQLObjectType, name: str) -> Get | None:
        """How a field is read, if it is the same for every viewer; None if graphql-core must read it."""
        field = kind.fields[name].extensions.get("strawberry-definition")
        if not isinstance(field, StrawberryField) or field.extensions:  # permissions are extensions too
            return None
        declared = field.metadata.get(SNAPSHOT_FIELD)
        if isinstance(declared, Related):
            return partial(_related, self._related, declared)
        if field.base_resolver is not None:
            return field.base_resolver.wrapped_func if declared else None  # type: ignore[return-value]
        attribute = field.python_name
        return lambda thing: getattr(thing, attribute)


def _related(loaded: Mapping[Any, Any], related: Related, thing: Any) -> Any:
    key = related.key(thing)
    if key is None:
        return related.join(thing, None)
    name = (related.batch, key)
    if name not in loaded:
        raise NotLoaded(name)
    if loaded[name] is NotShareable:
        raise NotShareable
    return related.join(thing, loaded[name])


AS_THEY_ARE = {"Boolean": bool, "ID": str, "String": str}
"""Scalars whose values of just this type serialize to themselves."""


def _leaf(kind: GraphQLLeafType) -> Project:
    serialize, as_it_is = kind.serialize, AS_THEY_ARE.get(kind.name)

    def complete(value: Any) -> Any:
        return value if value is None or type(value) is as_it_is else serialize(value)

    return complete


def _optional(project: Project) -> Project:
    return lambda value: None if value is None else project(value)


def _listed(item: Project) -> Project:
    return lambda value: None if value is None else [item(each) for each in value]


def _required(project: Project) -> Project:
    def complete(value: Any) -> Any:
        if value is None:
            raise NotShareable  # graphql-core gives the error with its path
        return project(value)

    return complete


def _always(value: Any) -> Get:
    return lambda _: value


def _as_is(value: Any) -> Any:
    return value
