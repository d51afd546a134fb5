"""The errors of this package.

StreamingError
├── TrackError           a model declares no track, or one that contradicts its columns; raised at import
├── AccessRuleMissing    a model that clients can follow has no access rule; raised at start
├── UnseenChange         a statement would change a tracked table without an announcement
├── BusAddressError      the bus's URL cannot be used; the message says what to write
├── BusDown              Redis cannot be reached now; the sweep finds in the database what was not published
├── Gone                 a row is unknown, deleted or not visible to the viewer; no error distinguishes these
├── AppendRefused        an outside producer's request was not accepted, and changed nothing
│   ├── Gap              requests before it are missing
│   ├── TakenOver        another producer has written since, or the lease ran out
│   └── Ended            the row is final
└── ProducerError        the row of this producer fails; its code and message are stored in the row
    └── TooLong          the text exceeded its limit
"""

from typing import ClassVar


class StreamingError(Exception):
    """Base of this package's errors."""


class TrackError(StreamingError, TypeError):
    pass


class AccessRuleMissing(StreamingError):
    pass


class UnseenChange(StreamingError):
    pass


class BusAddressError(StreamingError, ValueError):
    pass


class BusDown(StreamingError):
    pass


class Gone(StreamingError):
    """The row is unknown, deleted or not visible to the viewer. `model` is its class."""

    def __init__(self, model: type) -> None:
        super().__init__(f"{model.__name__} not found, or you do not have access to it.")
        self.model = model


class AppendRefused(StreamingError):
    """A request of an outside producer was not accepted. `sequence` is the number of the last one that was."""

    def __init__(self, sequence: int) -> None:
        super().__init__(f"the last accepted append is {sequence}")
        self.sequence = sequence


class Gap(AppendRefused):
    pass


class TakenOver(AppendRefused):
    pass


class Ended(AppendRefused):
    pass


class ProducerError(StreamingError):
    """Raised by a producer to end its row as FAILED. The row keeps its text, and clients see the code and the message.

    `code` is one of INTERRUPTED, PROVIDER, TIMEOUT and TOO_LONG. Subclasses may replace the default.
    """

    code: ClassVar[str] = "INTERRUPTED"


class TooLong(ProducerError):
    code = "TOO_LONG"
