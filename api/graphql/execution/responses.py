"""Answers as the JSON that every transport carries, and how errors appear in them.

Errors that the client can mend keep their code and sentence. All others are masked, and logged under the request's id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from graphql import GraphQLError

from api.errors import BadUserInput, NotFound, RequestError
from api.graphql.execution.unreadable import Unreadable
from api.streaming.errors import Gone

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Payload:
    """One answer, as the JSON that every transport carries."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal(Payload):
    """The answer if nothing was executed, because the request, its document or its variables are wrong."""

    errors: bytes
    """The list of errors alone, for transports that send it without `data`."""


class Answers:
    """The payloads of one operation. Its errors that the client cannot mend are masked, and logged once."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._is_logged = False

    def payload(self, data: Any, errors: Sequence[GraphQLError] | None) -> Payload:
        if not errors:
            return Payload(orjson.dumps({"data": data}))
        return Payload(orjson.dumps({"data": data, "errors": self.formatted(errors)}))

    def formatted(self, errors: Sequence[GraphQLError]) -> list[dict[str, Any]]:
        """The errors as the client receives them."""
        causes = [_cause(error) for error in errors]
        internal = [number for number, cause in enumerate(causes) if not isinstance(cause, RequestError | None)]
        if internal and not self._is_logged:
            # A page may have as many as it has rows, and a stream has them again in each update.
            self._is_logged = True
            log.error(
                "operation failed",
                request_id=self._request_id,
                path=errors[internal[0]].path,
                more=len(internal) - 1,
                exc_info=causes[internal[0]],
            )
        for error, cause in zip(errors, causes, strict=True):
            if isinstance(cause, RequestError | None):  # the log shows the frames of the others
                _release(error)
        return [_formatted(error, cause, self._request_id) for error, cause in zip(errors, causes, strict=True)]


def failure(error: Exception, request_id: str) -> Payload:
    """The payload for an operation that failed. Errors that the client cannot mend are masked and logged."""
    return Answers(request_id).payload(None, [GraphQLError(str(error), original_error=error)])


def refusal(error: RequestError, request_id: str) -> Refusal:
    """The payload for a request that was not executed."""
    return refusal_of([GraphQLError(str(error), original_error=error)], request_id)


def refusal_of(errors: list[GraphQLError], request_id: str) -> Refusal:
    told = orjson.dumps(Answers(request_id).formatted(errors))
    return Refusal(orjson.dumps({"data": None, "errors": orjson.Fragment(told)}), told)


def _formatted(error: GraphQLError, cause: Exception | None, request_id: str) -> dict[str, Any]:
    said: dict[str, Any] = {"message": error.message}
    if error.locations:
        said["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        said["path"] = error.path
    if isinstance(cause, RequestError):
        said["message"] = str(cause)
        said["extensions"] = cause.extensions
    elif cause is None:
        said["extensions"] = {"code": BadUserInput.code}
    else:
        said["message"] = (
            f"The server failed to answer. Try again; if it fails again, report the request id {request_id}."
        )
        said["extensions"] = {"code": "INTERNAL", "requestId": request_id}
        if isinstance(cause, Unreadable):
            said["message"] = (
                f"The server cannot read the stored value of this field. Report the request id {request_id}."
            )
            said["extensions"]["reason"] = "UNREADABLE"
    return said


def _cause(error: GraphQLError) -> Exception | None:
    cause: Exception | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return NotFound.of(cause.model) if isinstance(cause, Gone) else cause


def _release(error: BaseException | None) -> None:
    """Drop the frames that an error holds. They hold the executor, which holds the error, and all that was read: up to
    the next run of the garbage collector, each refused answer would cost as much memory as it was too large."""
    while error is not None:
        error.__traceback__ = error.__context__ = error.__cause__ = None
        error = error.original_error if isinstance(error, GraphQLError) else None
