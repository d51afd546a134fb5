"""The errors of this package.

ProducerError
├── Unreachable      the server did not answer for too long
├── Refused          the server refuses the operation; it has the code and the extensions of the GraphQL error
├── Stopped          a participant stopped or deleted the reply
├── TakenOver        another producer writes the reply
├── Finished         the reply was complete, or had failed for good, before this producer started it
└── TooLong          the text would exceed the server's limit; the reply has failed, and keeps what was accepted
"""

from typing import Any


class ProducerError(Exception):
    pass


class Unreachable(ProducerError):
    pass


class Refused(ProducerError):
    """The server refuses the operation. `code` is a machine-readable code, such as FORBIDDEN."""

    def __init__(self, message: str, extensions: dict[str, Any]) -> None:
        super().__init__(message)
        self.code = str(extensions.get("code", ""))
        self.extensions = extensions


class Stopped(ProducerError):
    pass


class TakenOver(ProducerError):
    pass


class Finished(ProducerError):
    pass


class TooLong(ProducerError):
    pass
