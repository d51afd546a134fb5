"""Global ids: opaque to clients, a type's name and a key within."""

import base64
from uuid import UUID

import strawberry

from api.errors import BadUserInput


def global_id(kind: str, key: UUID) -> strawberry.ID:
    """The id that clients hold."""
    return strawberry.ID(base64.urlsafe_b64encode(f"{kind}:{key.hex}".encode()).decode().rstrip("="))


def read(written: str) -> tuple[str, UUID]:
    """Type name and key. Raises BadUserInput for what we never gave out."""
    try:
        kind, _, key = base64.urlsafe_b64decode(written.encode() + b"==").decode().partition(":")
        found = kind, UUID(hex=key)
        if global_id(*found) == written:  # a thing has one id: in another spelling it would be taken for another thing
            return found
    except ValueError:
        pass
    raise BadUserInput(f"{written[:60]!r} is no id of ours. Use an `id` as you received it.")


def key_of(kind: str, written: str) -> UUID:
    """The key in the id of such a type. Raises BadUserInput."""
    found, key = read(written)
    if found != kind:
        raise BadUserInput(f"This is the id of a {found}; the id of a {kind} belongs here.")
    return key
