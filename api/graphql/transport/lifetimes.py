"""How long a socket stays open, and why it is closed then."""

import random

from api.graphql.transport.close_codes import FORBIDDEN, SERVICE_RESTART, Closed
from api.identity import Identity

ANONYMOUS_SECONDS = 300.0
"""For a socket whose client has not signed in: long enough to sign in over it, and to try GraphiQL."""

LEAST_SHARE = 0.5
"""Of the longest life. Sockets that were opened together are closed at different times."""


def lifetime(viewer: Identity | None, hours: float) -> tuple[float, Closed]:
    """Seconds from `connection_init` to the end of the socket of this viewer. `hours` is its longest life, 0 any.

    Sockets live for hours, so after a restart most stay at the servers that were up. A socket that is closed one day
    connects to the server with the fewest, if the load balancer chooses so.
    """
    if viewer is None:
        return ANONYMOUS_SECONDS, Closed(FORBIDDEN, "Sign in, and connect again")
    expiry = viewer.seconds_left()
    age = hours * 3600 * random.uniform(LEAST_SHARE, 1)  # noqa: S311
    if 0 < age < expiry:
        return age, Closed(SERVICE_RESTART, "Reconnect, so that all servers have their share")
    return expiry, Closed(FORBIDDEN, "The token has expired")
