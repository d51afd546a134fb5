"""What one answer may cost, counted while it is made.

A document of a few hundred bytes can ask for millions of objects, or for the same text thirty times. The limits stop it
midway: nothing beyond them is read, and the whole answer is one error.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from graphql import GraphQLError, GraphQLLeafType, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import AwaitableOrValue, Path

from api.graphql.context import AnswerTooLarge, Context
from api.graphql.execution.unreadable import TolerantExecutor

UNCOUNTED = ("Connection", "Edge", "PageInfo")
"""Ends of the names of Relay's types: they come with the objects that they lead to."""

AT_ONCE = 200
"""Objects that are completed before other work of the process has a turn: some 10 ms."""


class BoundedExecutor(TolerantExecutor):
    """Executes an operation within the limits of one answer, which it counts in the operation's context."""

    _turns: asyncio.Semaphore | None = None

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        arguments = (return_type, field_details_list, info, path, result, position_context)
        if return_type.name.endswith(UNCOUNTED):
            return super().complete_object_value(*arguments)
        context = cast(Context[Any], self.context_value)
        context.count_object()
        if context.completed <= AT_ONCE or path.prev is None:
            return super().complete_object_value(*arguments)
        return self._in_turn(arguments)

    async def _in_turn(self, arguments: Any) -> dict[str, Any]:
        """Completes an object when it is its turn, so that a large answer does not hold up the process."""
        if self._turns is None:
            self._turns = asyncio.Semaphore(AT_ONCE)
        async with self._turns:
            completed = super().complete_object_value(*arguments)
            await asyncio.sleep(0)
        if self.is_awaitable(completed):
            return await cast(Awaitable[dict[str, Any]], completed)
        return cast(dict[str, Any], completed)

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]
        completed = TolerantExecutor.complete_leaf_value(return_type, result)
        if type(completed) is str:
            cast(Context[Any], self.context_value).count_text(completed)
        return completed

    def handle_field_error(self, raw_error: Exception, return_type: Any, field_details_list: Any, path: Path) -> None:
        cause = raw_error.original_error if isinstance(raw_error, GraphQLError) else raw_error
        try:
            if isinstance(cause, AnswerTooLarge):
                raise raw_error
            super().handle_field_error(raw_error, return_type, field_details_list, path)
        except Exception as error:
            # Without this frame and graphql-core's: they hold the error that would hold them, and with it all rows that
            # were read, until the garbage collector runs.
            raise error.with_traceback(None) from None
        finally:
            del raw_error, cause
