"""The field that a subscription asks for, with what the schema declares of it by the field's metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    get_operation_ast,
)
from strawberry.types.field import StrawberryField

from api.graphql.execution.projection import Fragments, Project


@dataclass(frozen=True, slots=True)
class RootField:
    """The only field of a subscription."""

    name: str
    """In the answer: the alias, if it has one."""
    field: GraphQLField
    nodes: Sequence[FieldNode]

    def compile(self, fragments: Fragments) -> Project | None:
        """The function that answers the selection on an object of the field; None if the selection reads more."""
        kind = get_named_type(self.field.type)
        assert isinstance(kind, GraphQLObjectType)
        return fragments.compile([node.selection_set for node in self.nodes if node.selection_set], kind)


def subscription_in(document: DocumentNode | list[GraphQLError], name: str | None) -> OperationDefinitionNode | None:
    """The operation of this name; None if it is another kind of operation, or if the document is wrong."""
    operation = None if isinstance(document, list) else get_operation_ast(document, name)
    return operation if operation is not None and operation.operation is OperationType.SUBSCRIPTION else None


def named_fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def root_field(schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments) -> RootField | None:
    """The field of a subscription; None unless it is one field of the schema."""
    root = schema.subscription_type
    assert root is not None
    selected = fragments.fields([operation.selection_set], root)
    if len(selected) != 1:
        return None
    ((name, nodes),) = selected.items()
    field = root.fields.get(nodes[0].name.value)
    return None if field is None else RootField(name, field, nodes)


def declared(field: GraphQLField, key: str) -> Any:
    """What a field of the schema declares under this key of its metadata; None for other fields."""
    definition = field.extensions.get("strawberry-definition")
    return definition.metadata.get(key) if isinstance(definition, StrawberryField) else None
