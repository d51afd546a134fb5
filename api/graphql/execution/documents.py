"""The documents that clients send: parsed, checked and remembered.

Strangers choose them, so a document is bounded before it is parsed, and whatever is computed over one grows no faster
than it does.
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

DEPTH = 10
"""Room for a page's author of each message of each chat; each level can multiply what is read."""

ALIASES = 30

TOKENS = 1_000
"""Five times what GraphiQL's introspection takes. Checking may take the square of it: 0.3 s for the worst of these."""

DOCUMENTS_REMEMBERED = 200
"""More than a frontend has. The largest weighs 600 kB, so strangers can fill 120 MB at most."""


class Documents:
    """Reads each document once, however often it is sent."""

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
        if any(isinstance(error, ValidationAbortedError) for error in errors):
            return [GraphQLError("The document takes too long to check. Ask for less, the rest in another.")]
        if errors:
            # Without their causes: Python's complaint about a number of 5,000 digits is no failure of ours.
            return [GraphQLError(error.message, error.nodes) for error in errors]
        return list(_excesses(document)) or document


def _excesses(document: DocumentNode) -> Iterable[GraphQLError]:
    """What a valid document asks too much of."""
    if (depth := _depth(document)) > DEPTH:
        yield GraphQLError(f"The document is {depth} levels deep. Ask for {DEPTH} at most, the rest in another.")
    if (aliases := _aliases(document)) > ALIASES:
        yield GraphQLError(f"The document has {aliases} aliases. Use {ALIASES} at most, the rest in another.")


def _depth(document: DocumentNode) -> int:
    """How many selections lie within each other. Introspection is bounded by a rule of its own."""

    def of_field(node: FieldNode, inner: int) -> int:
        return 0 if node.selection_set is None or node.name.value.startswith("__") else 1 + inner

    return _measured(document, max, of_field)


def _aliases(document: DocumentNode) -> int:
    """How many there are where fragments are spread: ten in each of three within each other have the same read a
    thousand times."""
    return _measured(document, sum, lambda node, inner: (node.alias is not None) + inner)


def _measured(
    document: DocumentNode, among: Callable[[Iterable[int]], int], of_field: Callable[[FieldNode, int], int]
) -> int:
    named = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}

    @cache  # a fragment is measured once: spread twice on each of thirty levels, it would be met a billion times
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
