"""Sockets whose clients have not signed in, counted by network: a stranger may hold some of them, not all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from api.graphql.transport.admission import Admission
from api.graphql.transport.close_codes import TRY_AGAIN_LATER, Closed
from api.networks import network

SILENT_FACTOR = 10
"""Sockets without `connection_init` live for seconds, so one network may have so many times more of them."""


class Arrivals:
    """Counts the sockets without `connection_init`, and those whose clients sent it without a token."""

    def __init__(self, most: int, admission: Admission) -> None:
        self._admission = admission
        self._silent = PerNetwork(SILENT_FACTOR * most)
        self._anonymous = PerNetwork(most)

    def __len__(self) -> int:
        """The networks that are counted now."""
        return len(self._silent) + len(self._anonymous)

    @contextmanager
    def arriving(self, address: str) -> Iterator["Arrival"]:
        """A new socket from this address. Raises Closed if its network has too many. An empty address has no limit."""
        arrival = Arrival(self._silent, self._anonymous, network(address), self._admission)
        try:
            yield arrival
        finally:
            arrival.ended()


class Arrival:
    """One socket, until its client has signed in."""

    __slots__ = ("_admission", "_anonymous", "_counted", "_network")

    def __init__(self, silent: "PerNetwork", anonymous: "PerNetwork", network: str, admission: Admission) -> None:
        self._anonymous = anonymous
        self._network = network
        self._admission = admission
        silent.add(network)
        self._counted: PerNetwork | None = silent
        """Where it counts now."""

    def being_checked(self) -> AbstractContextManager[None]:
        """Counts as a handshake under way while the token of `connection_init` is checked."""
        return self._admission.working()

    def said(self, *, signed_in: bool) -> None:
        """The client has sent `connection_init`. Raises Closed if too many of its network did so without a token."""
        self.ended()
        if not signed_in:
            self._anonymous.add(self._network)
            self._counted = self._anonymous

    def ended(self) -> None:
        """It counts nowhere any more."""
        counted, self._counted = self._counted, None
        if counted is not None:
            counted.remove(self._network)


class PerNetwork:
    """Counts sockets by network."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = Counter[str]()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, network: str) -> None:
        """Count one socket more. Raises Closed beyond the limit."""
        if network and self._open[network] >= self._most:
            raise Closed(TRY_AGAIN_LATER, "Too many sockets of your network have not signed in; retry")
        self._open[network] += 1

    def remove(self, network: str) -> None:
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]
