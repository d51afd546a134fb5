"""The ids that `sync` follows now, counted for a socket and for a user."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager

from api.errors import LimitExceeded


class FollowedIds:
    """The different ids of open subscriptions. An id in several subscriptions counts once: they share its channel."""

    def __init__(self) -> None:
        self._subscriptions: Counter[Hashable] = Counter()
        """By id, the subscriptions that follow it."""

    def __len__(self) -> int:
        return len(self._subscriptions)

    @contextmanager
    def counting(self, ids: Collection[Hashable], most: int, where: str) -> Iterator[None]:
        """Count these ids while the block runs. Raises LimitExceeded if there would be more than `most`."""
        if len(self) + sum(id not in self._subscriptions for id in ids) > most:
            raise LimitExceeded(
                f"`sync` follows at most {most:,} ids {where}. Complete subscriptions that you no longer need, or "
                "follow fewer ids."
            )
        self._subscriptions.update(list(ids))  # a mapping would be taken for counts
        try:
            yield
        finally:
            self._subscriptions.subtract(list(ids))
            for id in ids:
                if not self._subscriptions[id]:
                    del self._subscriptions[id]
