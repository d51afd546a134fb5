"""The identity that a request's credential proves."""

import time
from dataclasses import dataclass
from uuid import UUID

YEAR_SECONDS = 365 * 24 * 3600.0

SESSION, API_TOKEN, LINK = "session", "api token", "link"


@dataclass(frozen=True, slots=True)
class Identity:
    """The user who sent a request, and the credential that proves it. Of a guest, who has no account, the link."""

    id: UUID
    """Id of the user; of a guest, the id of the link."""
    expires_at: float
    """Seconds since 1970."""
    credential: UUID | None = None
    """Id of the session, API token or link. None if the product has none that can end early."""
    kind: str = SESSION

    @property
    def is_guest(self) -> bool:
        """Whether a link proves it, which any number of people may have."""
        return self.kind == LINK

    def seconds_left(self) -> float:
        """Until the credential expires; at most a year, which every timer takes."""
        return min(self.expires_at - time.time(), YEAR_SECONDS)
