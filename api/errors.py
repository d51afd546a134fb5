"""Errors of requests, and of the settings at start. The mechanism's own errors are in `streaming.errors`.

TwotrackError
├── RequestError             the request fails; its `code` and message are sent to the client
│   ├── Unauthenticated      the client must sign in first
│   ├── Forbidden            the viewer may see the object, but may not do this to it
│   ├── NotFound             the object is unknown, deleted or not visible to the viewer; all look the same
│   ├── BadUserInput         the input is invalid; the message says how to correct it
│   ├── NoPersistedQueries   the request names a document by its hash, and must send it instead
│   ├── Conflict             the current state of the object does not allow the request
│   ├── RateLimited          too many attempts; `retry_after` is the wait in seconds
│   └── LimitExceeded        the request exceeds a limit of the server, which the message names
└── SettingsError            the process does not start; the message names the setting
"""

from typing import Any, ClassVar


class TwotrackError(Exception):
    """The root of the tree."""


class RequestError(TwotrackError):
    """A request that fails for a reason that the client can correct."""

    code: ClassVar[str]

    @property
    def extensions(self) -> dict[str, Any]:
        """What the client receives as `extensions`, beside the message."""
        return {"code": self.code}


class Unauthenticated(RequestError):
    code = "UNAUTHENTICATED"


class Forbidden(RequestError):
    code = "FORBIDDEN"


class NotFound(RequestError):
    code = "NOT_FOUND"

    @classmethod
    def of(cls, kind: type) -> "NotFound":
        """The error for an object of this kind. It does not reveal whether the object exists."""
        return cls(f"{kind.__name__} not found, or you do not have access to it.")


class BadUserInput(RequestError):
    code = "BAD_USER_INPUT"


class NoPersistedQueries(RequestError):
    """The message and the code are what clients with persisted queries expect: they send the document, and go on so."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class Conflict(RequestError):
    code = "CONFLICT"

    def __init__(self, message: str, *, reason: str | None = None, sequence: int | None = None) -> None:
        super().__init__(message)
        self._details = {"reason": reason, "sequence": sequence}

    @property
    def extensions(self) -> dict[str, Any]:
        details = {name: value for name, value in self._details.items() if value is not None}
        return {**super().extensions, **details}


class RateLimited(RequestError):
    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which the same request may succeed."""

    @property
    def extensions(self) -> dict[str, Any]:
        return {**super().extensions, "retryAfter": self.retry_after}


class LimitExceeded(RequestError):
    code = "LIMIT_EXCEEDED"


class SettingsError(TwotrackError):
    pass
