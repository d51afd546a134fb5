"""Requests over HTTP that are answered at once. What a client abandoned counts until its work has ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import ClientDisconnect, Request

from api.errors import LimitExceeded
from api.graphql.context import Context
from api.networks import network
from api.streaming.allotments import Allotments

OF_USER = 100
"""Queries and mutations of one user that are executed at once. The rest waits in order."""

OF_NETWORK = 1_000
"""Of all who are not signed in, or have a link, from one network: offices share an address."""

WAITING_FACTOR = 10
"""So many times more may wait."""


class Requests:
    """Bounds what is executed at once for each user, and for each network of those without an account."""

    def __init__(self) -> None:
        self._of_user, self._of_network = Allotments(OF_USER), Allotments(OF_NETWORK)

    def __len__(self) -> int:
        """The users and networks with requests."""
        return len(self._of_user) + len(self._of_network)

    @asynccontextmanager
    async def one(self, request: Request, context: Context[Any]) -> AsyncIterator[None]:
        """Wait for its turn, and count one request while the block runs.

        Raises LimitExceeded if too many wait, and ClientDisconnect if the client left meanwhile.
        """
        viewer = context.viewer
        if viewer is not None:
            allotments, key, most = self._of_user, viewer.id.hex, OF_USER
        else:
            allotments, key, most = self._of_network, network(context.client), OF_NETWORK
        if allotments.users(key) >= most * (1 + WAITING_FACTOR):
            raise LimitExceeded(
                f"More than {most * WAITING_FACTOR:,} of your requests wait for an answer. Wait for some of them."
            )
        waits = allotments.users(key) >= most
        async with allotments.hold(key, 1):
            if waits and await request.is_disconnected():
                raise ClientDisconnect
            yield
