"""The identity that a request's token proves."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Identity:
    """The user who sent a request, and the expiry of the token."""

    id: UUID
    expires_at: float
    """Seconds since 1970."""
