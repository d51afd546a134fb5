"""Everything that can go wrong, in one tree.

TwotrackError
├── RequestError                 a client's request cannot be done; `code` and the sentence reach the client
│   ├── Unauthenticated          sign in first
│   ├── Forbidden                the viewer may see it, but may not do that
│   ├── NotFound                 unknown, deleted, or not the viewer's to see: never told apart
│   ├── BadUserInput             the input is wrong, and the sentence says how
│   ├── Conflict                 the object's present state rules it out
│   ├── RateLimited              too often; `retry_after` seconds
│   └── LimitExceeded            more than the server gives to one client
├── ReplyError                   a reply ends FAILED; `code` and the sentence are stored with it, as is INTERRUPTED
│   │                            where nobody is left to raise anything
│   ├── ProviderFailed           the model's provider refused or broke off
│   ├── ModelTimeout             the model was silent too long, or no worker took the reply in time
│   └── TooLong                  it outgrew the limit
├── TrackError                   a model declares no track, or one that contradicts itself
├── UnseenChange                 a statement would change tracked rows without an announcement
├── BusDown                      Redis cannot be reached now; the database holds the truth, and the sweep reads it
└── SettingsError                the start is refused; the sentence names the setting
"""

from typing import ClassVar


class TwotrackError(Exception):
    """The root of the tree."""


class RequestError(TwotrackError):
    """A request that cannot be done as asked: the client's to mend."""

    code: ClassVar[str]


class Unauthenticated(RequestError):
    code = "UNAUTHENTICATED"


class Forbidden(RequestError):
    code = "FORBIDDEN"


class NotFound(RequestError):
    code = "NOT_FOUND"


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


class ReplyError(TwotrackError):
    """Ends a reply FAILED; the text written so far stays."""

    code: ClassVar[str]


class ProviderFailed(ReplyError):
    code = "PROVIDER"


class ModelTimeout(ReplyError):
    code = "TIMEOUT"


class TooLong(ReplyError):
    code = "TOO_LONG"


class TrackError(TwotrackError, TypeError):
    pass


class UnseenChange(TwotrackError):
    pass


class BusDown(TwotrackError):
    pass


class SettingsError(TwotrackError):
    pass


def gone(kind: type) -> NotFound:
    """Unknown, deleted or not the viewer's to see: nobody is told which."""
    return NotFound(f"There is no such {kind.__name__.lower()}, or it is not yours to see. Reload what the page shows.")
