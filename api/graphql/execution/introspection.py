"""Introspection: answered alike for everyone, so it is answered once; and limited, since anyone may ask."""

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    is_input_object_type,
)

META_FIELDS = ("__schema", "__type")

ANSWERS_BYTES = 8_000_000
"""Of the answers that are remembered: GraphiQL, each code generator and each gateway asks in its own words. An
answer has some 200 kB."""


def mend(schema: GraphQLSchema) -> None:
    """strawberry's `isOneOf` fails for lists and required types. It is null for what is no input object
    (https://spec.graphql.org/September2025/#sec-The-__Type-Type)."""
    kind = schema.type_map["__Type"]
    assert isinstance(kind, GraphQLObjectType)
    kind.fields["isOneOf"].resolve = _is_one_of


def _is_one_of(described: Any, info: Any) -> bool | None:
    if not is_input_object_type(described):
        return None
    definition = described.extensions.get("strawberry-definition")
    return bool(definition is not None and definition.is_one_of)


def is_introspection(document: DocumentNode, name: str | None) -> bool:
    """Whether the answer depends on the schema alone: one query, without variables, of nothing but the schema."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1:
        return False
    (operation,) = operations
    return (
        operation.operation is OperationType.QUERY
        and not operation.variable_definitions
        and (name is None or operation.name is None or operation.name.value == name)
        and all(
            isinstance(node, FieldNode) and node.name.value in (*META_FIELDS, "__typename")
            for node in operation.selection_set.selections
        )
    )
