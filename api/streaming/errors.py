"""What can go wrong in the mechanism of both tracks.

StreamingError
├── TrackError           a model declares no track, or one that contradicts its columns: raised at import
├── AccessRuleMissing    a model that clients can follow has no access rule: raised at start
├── UnseenChange         a statement would change tracked rows without an announcement
├── BusAddressError      the bus's URL cannot be used; the sentence says how to write it
├── BusDown              Redis cannot be reached now; the database is the truth, and the sweep reads it
├── Gone                 a followed row is unknown, deleted or not visible to the viewer: never told apart
└── ProducerError        ends a streamed row FAILED; `code` and the sentence are stored with the row
    └── TooLong          the text outgrew its limit
"""

from typing import ClassVar


class StreamingError(Exception):
    """The root of the tree."""


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
    """`model` is the class of the row."""

    def __init__(self, model: type) -> None:
        super().__init__(f"{model.__name__} not found, or you do not have access to it.")
        self.model = model


class ProducerError(StreamingError):
    """Raised by a producer: the row ends FAILED with this `code` and sentence, and keeps its text.

    `code` is a value of the schema's StreamErrorCode. Subclasses may choose another than the default.
    """

    code: ClassVar[str] = "INTERRUPTED"


class TooLong(ProducerError):
    code = "TOO_LONG"
