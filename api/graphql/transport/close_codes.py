"""WebSocket close codes.

Never 1000, 1008, 1011 or 4400 for a slow client, a shutdown or an error of the server: graphql-ws takes those codes
for final, and does not reconnect.
"""

SERVICE_RESTART = 1012
RESTARTING = "Server is restarting; reconnect"
TRY_AGAIN_LATER = 1013
BAD_MESSAGE = 4400
NOT_INITIALISED = 4401
FORBIDDEN = 4403
NO_SUBPROTOCOL = 4406
INIT_TIMEOUT = 4408
ALREADY_SUBSCRIBED = 4409
ALREADY_INITIALISED = 4429

REASON_BYTES = 123
"""All that a close frame has room for beside its code (RFC 6455, 5.5)."""


class Closed(Exception):
    """The socket is to be closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode(errors="replace")[:REASON_BYTES].decode(errors="ignore")
