"""Who sent a request, once their token was read."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Identity:
    """The user who sent a request, and until when their token is valid."""

    id: UUID
    expires_at: float
    """Seconds since 1970."""
