"""The names of the bus's channels. All are made in this file, and clients never send one.

To join a channel is to subscribe to it on the bus.
"""

from uuid import UUID

ACCESS = "access"
"""Carries the id of a row whose access epoch rose, and the new epoch. Every hub joins."""

CREDENTIALS = "credentials"
"""Carries the id of a session or of another credential that ended. Every server joins."""


def work(table: str) -> str:
    """Carries an empty message when a row of this table starts to wait for a worker. The table's workers join."""
    return f"work:{table}"


def stream(table: str, key: UUID) -> str:
    """Carries the snapshot of a streamed row on every update. Hubs with subscribers for it join."""
    return f"stream:{table}:{key.hex}"


def sync(table: str, key: UUID) -> str:
    """Carries the revision of a row after every commit that changes its page. Hubs with subscribers for it join."""
    return f"sync:{table}:{key.hex}"


def writer(key: UUID) -> str:
    """Carries the id and the fence of a row of this worker that another process decided about. The worker joins."""
    return f"writer:{key.hex}"
