"""Where readers sit: what each of them asks for, and in whose name."""

from dataclasses import dataclass

from bench.load import FIELDS, SELECTION

SUBSCRIPTION = f"subscription MessageStream($id: ID!) {{ messageStream(id: $id) {{ {FIELDS} }} }}"

SYNC = "subscription Sync($ids: [ID!]!) { sync(ids: $ids) { id revision deleted } }"

SYNC_OPERATION = "sync"


@dataclass(frozen=True)
class Subscription:
    """What every reader asks for."""

    document: str
    selection: tuple[str, ...]
    """The selected fields, in order."""


MESSAGES = Subscription(SUBSCRIPTION, SELECTION)


@dataclass(frozen=True, slots=True)
class Seat:
    """Who reads what."""

    message: str
    operation: str
    """The operation's id on its socket."""
    authorization: str | None = None
    page: tuple[str, ...] = ()
    """Ids that the socket follows with `sync` as well, as a chat page does."""
