"""What can go wrong with a request or at start. The mechanism's own errors are in `streaming.errors`.

TwotrackError
├── RequestError             a request cannot be done; `code` and the sentence reach the client
│   ├── Unauthenticated      the viewer must sign in first
│   ├── Forbidden            the viewer may see the object, but may not do that to it
│   ├── NotFound             unknown, deleted or not visible to the viewer: never told apart
│   ├── BadUserInput         the input is wrong; the sentence says what and how to mend it
│   ├── Conflict             the object's current state rules the request out
│   ├── RateLimited          too many attempts; `retry_after` in seconds
│   └── LimitExceeded        more than one client may have; the sentence names the limit
└── SettingsError            the process does not start; the sentence names the setting
"""

from typing import ClassVar


class TwotrackError(Exception):
    """The root of the tree."""


class RequestError(TwotrackError):
    """A request that cannot be done as asked. The client can mend it."""

    code: ClassVar[str]


class Unauthenticated(RequestError):
    code = "UNAUTHENTICATED"


class Forbidden(RequestError):
    code = "FORBIDDEN"


class NotFound(RequestError):
    code = "NOT_FOUND"

    @classmethod
    def of(cls, kind: type) -> "NotFound":
        """For an object of this kind. It does not tell whether the object exists."""
        return cls(f"{kind.__name__} not found, or you do not have access to it.")


class BadUserInput(RequestError):
    code = "BAD_USER_INPUT"


class Conflict(RequestError):
    code = "CONFLICT"


class RateLimited(RequestError):
    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which the same request may succeed."""


class LimitExceeded(RequestError):
    code = "LIMIT_EXCEEDED"


class SettingsError(TwotrackError):
    pass
