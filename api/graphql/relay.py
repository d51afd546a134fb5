"""Relay's global object identification: opaque ids that hold a type's name and a key."""

import base64
from typing import Any, Self
from uuid import UUID

import strawberry

from api.errors import BadUserInput
from api.streaming.tolerant import UnreadableKey


@strawberry.interface(description="An object with a globally unique id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque id, unique among all objects of all types.")
    row: strawberry.Private[Any] = None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The object of a row, which its fields read."""
        return cls(id=global_id(cls.__name__, row.id), row=row)


def global_id(kind: str, key: UUID | UnreadableKey) -> strawberry.ID:
    """The id of the object of this type with this key. That of an unreadable key is unique, and names no object."""
    if isinstance(key, UnreadableKey):
        return strawberry.ID(UnreadableKey(base64.urlsafe_b64encode(f"{kind}:?{key}".encode()).decode().rstrip("=")))
    return strawberry.ID(base64.urlsafe_b64encode(f"{kind}:{key.hex}".encode()).decode().rstrip("="))


def read(written: str) -> tuple[str, UUID]:
    """Type name and key of an id. Raises BadUserInput for an id that this server never gave out."""
    try:
        kind, _, key = base64.urlsafe_b64decode(written.encode() + b"==").decode().partition(":")
        found = kind, UUID(hex=key)
        # An object has one id: in another spelling, clients would take it for another object.
        if global_id(*found) == written:
            return found
    except ValueError:
        pass
    raise BadUserInput(f"{written[:60]!r} is not an id of this server. Use an `id` as you received it.")


def key_of(kind: str, written: str) -> UUID:
    """The key in the id of an object of this type. Raises BadUserInput."""
    found, key = read(written)
    if found != kind:
        raise BadUserInput(f"This is the id of a {found}. Use the id of a {kind}.")
    return key
