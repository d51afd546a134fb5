"""Stored values that their GraphQL type cannot hold, such as a count with a fraction or a newer version's status.

The server's data is at fault and not the client's request, so the error is INTERNAL. It costs no more than the field: a
nullable field is null. Null in a required field would take the object and the page around it along, so a required field
holds a placeholder, and the error says so by its path.
"""

from collections.abc import Callable
from math import isfinite
from typing import Any

from graphql import (
    Executor,
    GraphQLLeafType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    is_leaf_type,
    is_non_null_type,
    located_error,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import AwaitableOrValue, Path

from api.streaming.tolerant import UnreadableKey

INT_MIN, INT_MAX = -(2**31), 2**31 - 1


class Unreadable(Exception):
    """A value that its GraphQL type cannot hold."""


class TolerantExecutor(Executor[Any]):
    """Executes an operation, and gives each unreadable value an error of its own."""

    @staticmethod
    def complete_leaf_value(return_type: GraphQLLeafType, result: Any) -> Any:
        if isinstance(result, UnreadableKey):
            raise Unreadable("what is stored is no id")
        try:
            completed = Executor.complete_leaf_value(return_type, result)
            if type(completed) is str and not completed.isascii():
                completed.encode()  # a lone surrogate has no place in JSON
        except Exception as error:
            raise Unreadable(f"a {type(result).__name__} cannot be a {return_type}") from error
        return completed

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        try:
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        except Unreadable as error:
            placeholder = _placeholder(return_type, result)
            if placeholder is None:
                raise
            nodes = [details.node for details in field_details_list]
            self.collected_errors.add(located_error(error, nodes, path.as_list()), path)
            return placeholder


def _placeholder(kind: GraphQLOutputType, value: Any) -> Any:
    """For a required leaf whose type has one; None otherwise."""
    if not is_non_null_type(kind) or not is_leaf_type(kind.of_type):
        return None
    make = _placeholders.get(kind.of_type.name)
    return None if make is None else make(value)


def _nearest_int(value: Any) -> int:
    """Keeps the order of revisions as far as it can."""
    if not isinstance(value, int | float) or not isfinite(value):
        return 0
    return min(max(int(value), INT_MIN), INT_MAX)


def _readable_part(value: Any) -> str:
    if isinstance(value, str):
        value = value.encode(errors="surrogatepass")
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


_placeholders: dict[str, Callable[[Any], Any]] = {
    "Boolean": lambda value: False,
    "DateTime": lambda value: "1970-01-01T00:00:00Z",
    "Float": lambda value: 0.0,
    "ID": str,
    "Int": _nearest_int,
    "String": _readable_part,
}
"""By the name of the type."""


def use_placeholder(type_name: str, placeholder: str) -> None:
    """Give a required field of this enum the value `placeholder` if what is stored is none of its values."""
    _placeholders[type_name] = lambda value: placeholder
