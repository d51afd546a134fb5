"""The documents that clients send: parsed, validated, limited and cached.

Anyone may send any document. So it is limited before it is parsed, and no step takes time that grows faster than the
document.
"""

import sys
from collections.abc import Callable, Iterable
from functools import cache

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
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from api.graphql.execution.cache import ByteCache
from api.graphql.execution.introspection import META_FIELDS

DEPTH = 10
"""Enough for the authors of all messages of all chats. Each level can multiply what is read."""

ALIASES = 30

TOKENS = 1_000
"""Five times as many as GraphiQL's introspection has."""

COMPARED = 5_000
"""What graphql-core may spend on comparing fields that are selected more than once: it grows with their square. A
pair of fields costs two; all documents of our page and client together cost 140."""

MOST_ERRORS = 20
"""Each may take 5 ms, as graphql-core quotes the value that is wrong."""

WITH_SUGGESTIONS = 3
"""A document with more errors gets no "Did you mean". The search for one name takes as long as all the rest."""

DOCUMENTS_BYTES = 20_000_000
"""Remembered documents, as they are in memory: some 400 of the largest that frontends send."""

TOKEN_BYTES = 800
"""A token of a document takes so much, with its part of the tree."""

overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = COMPARED


class Documents:
    """Parses and validates each document once, as long as it is remembered."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.remembered: ByteCache[DocumentNode | list[GraphQLError]] = ByteCache(DOCUMENTS_BYTES)

    def read(self, query: str) -> DocumentNode | list[GraphQLError]:
        """The document, or what is wrong with it."""
        known = self.remembered.get(query)
        if known is None:
            known, tokens = self._read(query)
            self.remembered.put(query, known, _memory(query, tokens))
        return known

    def _read(self, query: str) -> tuple[DocumentNode | list[GraphQLError], int]:
        """And how many tokens it has, if it could be parsed."""
        try:
            document = parse(query, max_tokens=TOKENS)
        except GraphQLError as error:
            return [error.with_traceback(None)], 0
        errors = validate(self._schema, document, specified_rules, MOST_ERRORS, hide_suggestions=True)
        if 0 < len(errors) <= WITH_SUGGESTIONS:
            errors = validate(self._schema, document, specified_rules, MOST_ERRORS)
        if errors:
            return [_shown(error) for error in errors], _tokens(document)
        return list(_excesses(document)) or document, _tokens(document)


def memory_of(query: str, document: DocumentNode) -> int:
    """Bytes that a document takes in memory."""
    return _memory(query, _tokens(document))


def _memory(query: str, tokens: int) -> int:
    return 3 * sys.getsizeof(query) + tokens * TOKEN_BYTES


def _tokens(document: DocumentNode) -> int:
    count, token = 0, document.loc.start_token if document.loc else None
    while token is not None:
        count, token = count + 1, token.next
    return count


def _shown(error: GraphQLError) -> GraphQLError:
    """Without its cause: Python's complaint about a number of 5,000 digits is not a failure of the server."""
    if isinstance(error, ValidationAbortedError):
        if "error limit" not in error.message:
            return GraphQLError("The document selects the same fields too often. Select each once in its selection.")
        return GraphQLError(
            f"The document has more than {MOST_ERRORS} errors; these are the first. Correct them and try again."
        )
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
