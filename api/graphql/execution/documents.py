"""The documents that clients send: parsed, validated, limited and cached.

Anyone may send any document. So it is limited before it is parsed, and no step takes time that grows faster than the
document.
"""

from collections.abc import Callable, Iterable
from functools import cache, lru_cache

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from api.graphql.execution.introspection import META_FIELDS

DEPTH = 10
"""Enough for the authors of all messages of all chats. Each level can multiply what is read."""

ALIASES = 30

TOKENS = 1_000
"""Five times as many as GraphiQL's introspection has. Validation can take the square of it: 0.3 s at worst."""

DOCUMENTS_REMEMBERED = 200
"""More than a frontend has. The largest takes 600 kB of memory, so all of them take 120 MB at most."""


class Documents:
    """Parses and validates each document once, however often it is sent."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.read = lru_cache(DOCUMENTS_REMEMBERED)(self._read)

    def _read(self, query: str) -> DocumentNode | list[GraphQLError]:
        """The document, or what is wrong with it."""
        try:
            document = parse(query, max_tokens=TOKENS)
        except GraphQLError as error:
            return [error]
        errors = validate(self._schema, document, specified_rules)
        if errors:
            return [_shown(error) for error in errors]
        return list(_excesses(document)) or document


def _shown(error: GraphQLError) -> GraphQLError:
    """Without its cause: Python's complaint about a number of 5,000 digits is not a failure of the server."""
    if isinstance(error, ValidationAbortedError):
        return GraphQLError("The document has more than 100 errors; these are the first. Correct them and try again.")
    return GraphQLError(error.message, error.nodes)


def _excesses(document: DocumentNode) -> Iterable[GraphQLError]:
    """The limits that a valid document exceeds."""
    if (depth := _depth(document)) > DEPTH:
        yield GraphQLError(f"The document is {depth} levels deep. The limit is {DEPTH}: split it into several.")
    if (aliases := _aliases(document)) > ALIASES:
        yield GraphQLError(f"The document has {aliases} aliases. The limit is {ALIASES}: split it into several.")
    if (schemas := _schemas(document)) > 1:
        yield GraphQLError(f"The document asks {schemas} times for `__schema` or `__type`. The limit is one: ask once.")


def _depth(document: DocumentNode) -> int:
    """The nesting of its selections. Introspection is limited by a rule of its own."""

    def of_field(node: FieldNode, inner: int) -> int:
        return 0 if node.selection_set is None or node.name.value.startswith("__") else 1 + inner

    return _measured(document, max, of_field)


def _aliases(document: DocumentNode) -> int:
    """Aliases, counted wherever fragments are spread: ten in each of three nested fragments read the same a thousand
    times."""
    return _measured(document, sum, lambda node, inner: (node.alias is not None) + inner)


def _schemas(document: DocumentNode) -> int:
    """How often it asks for the schema or a type of it, wherever fragments are spread."""
    return _measured(document, sum, lambda node, inner: (node.name.value in META_FIELDS) + inner)


def _measured(
    document: DocumentNode, among: Callable[[Iterable[int]], int], of_field: Callable[[FieldNode, int], int]
) -> int:
    named = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}

    @cache  # each fragment is measured once: one that is spread twice on thirty levels occurs a billion times
    def of_fragment(name: str) -> int:
        return of_selections(named[name].selection_set)

    def of_selections(selection_set: SelectionSetNode) -> int:
        return among([of_selection(node) for node in selection_set.selections])

    def of_selection(node: SelectionNode) -> int:
        match node:
            case FragmentSpreadNode():
                return of_fragment(node.name.value)
            case InlineFragmentNode():
                return of_selections(node.selection_set)
            case FieldNode():
                return of_field(node, 0 if node.selection_set is None else of_selections(node.selection_set))
        raise TypeError(node)

    operations = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return among([of_selections(operation.selection_set) for operation in operations])
