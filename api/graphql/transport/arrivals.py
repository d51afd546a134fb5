"""Sockets whose clients have not signed in, counted by network: a stranger may hold some of them, not all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from api.graphql.transport.close_codes import TRY_AGAIN_LATER, Closed
from api.networks import network

SILENT_FACTOR = 10
"""Sockets without `connection_init` live for seconds, so one network may have so many times more of them."""


class Arrivals:
    """Counts the sockets without `connection_init`, and those whose clients sent it without a token."""

    def __init__(self, most: int) -> None:
        self._silent = PerNetwork(SILENT_FACTOR * most)
        self._anonymous = PerNetwork(most)

    def __len__(self) -> int:
        """The networks that are counted now."""
        return len(self._silent) + len(self._anonymous)

    @contextmanager
    def arriving(self, address: str) -> Iterator["Arrival"]:
        """A new socket from this address. Raises Closed if its network has too many. An empty address has no limit."""
        with ExitStack() as counted:
            at = network(address)
            counted.enter_context(self._silent.counting(at))
            yield Arrival(counted, self._anonymous, at)


class Arrival:
    """One socket, until its client has signed in."""

    def __init__(self, counted: ExitStack, anonymous: "PerNetwork", network: str) -> None:
        self._counted = counted
        self._anonymous = anonymous
        self._network = network

    def said(self, *, signed_in: bool) -> None:
        """The client has sent `connection_init`. Raises Closed if too many of its network did so without a token."""
        self._counted.close()
        if not signed_in:
            self._counted.enter_context(self._anonymous.counting(self._network))


class PerNetwork:
    """Counts sockets by network."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = Counter[str]()

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def counting(self, network: str) -> Iterator[None]:
        """Count one socket while the block runs. Raises Closed beyond the limit."""
        if network and self._open[network] >= self._most:
            raise Closed(TRY_AGAIN_LATER, "Too many sockets of your network have not signed in; retry")
        self._open[network] += 1
        try:
            yield
        finally:
            self._open[network] -= 1
            if not self._open[network]:
                del self._open[network]
