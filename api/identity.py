"""The identity that a request's credential proves."""

import time
from dataclasses import dataclass
from uuid import UUID

YEAR_SECONDS = 365 * 24 * 3600.0

SESSION, API_TOKEN = "session", "api token"


@dataclass(frozen=True, slots=True)
class Identity:
    """The user who sent a request, and the credential that proves it."""

    id: UUID
    expires_at: float
    """Seconds since 1970."""
    credential: UUID | None = None
    """Id of the session or API token. None if the product has none that can end early."""
    kind: str = SESSION

    def seconds_left(self) -> float:
        """Until the credential expires; at most a year, which every timer takes."""
        return min(self.expires_at - time.time(), YEAR_SECONDS)
