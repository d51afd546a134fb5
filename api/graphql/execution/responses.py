"""Answers as the JSON that every transport carries, and how errors appear in them.

Errors that the client can mend keep their code and sentence. All others are masked, and logged under the request's id.
"""

from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from graphql import GraphQLError

from api.errors import BadUserInput, NotFound, RateLimited, RequestError
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


def failure(error: Exception, request_id: str) -> Payload:
    """The payload for an operation that failed. Errors that the client cannot mend are masked and logged."""
    return Payload(encode(None, [GraphQLError(str(error), original_error=error)], request_id))


def refusal(error: RequestError, request_id: str) -> Refusal:
    """The payload for a request that was not executed."""
    return refusal_of([GraphQLError(str(error), original_error=error)], request_id)


def refusal_of(errors: list[GraphQLError], request_id: str) -> Refusal:
    told = orjson.dumps([_formatted(error, request_id) for error in errors])
    return Refusal(orjson.dumps({"data": None, "errors": orjson.Fragment(told)}), told)


def encode(data: Any, errors: list[GraphQLError] | None, request_id: str) -> bytes:
    if not errors:
        return orjson.dumps({"data": data})
    return orjson.dumps({"data": data, "errors": [_formatted(error, request_id) for error in errors]})


def _formatted(error: GraphQLError, request_id: str) -> dict[str, Any]:
    cause = _cause(error)
    said: dict[str, Any] = {"message": error.message}
    if error.locations:
        said["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        said["path"] = error.path
    if isinstance(cause, RequestError):
        said["message"] = str(cause)
        said["extensions"] = {"code": cause.code}
        if isinstance(cause, RateLimited):
            said["extensions"]["retryAfter"] = cause.retry_after
    elif cause is None:
        said["extensions"] = {"code": BadUserInput.code}
    else:
        log.error("operation failed", request_id=request_id, path=error.path, exc_info=cause)
        said["message"] = (
            f"The server failed to answer. Try again; if it fails again, report the request id {request_id}."
        )
        said["extensions"] = {"code": "INTERNAL", "requestId": request_id}
    return said


def _cause(error: GraphQLError) -> Exception | None:
    cause: Exception | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return NotFound.of(cause.model) if isinstance(cause, Gone) else cause
