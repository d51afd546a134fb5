"""Requests over HTTP that are answered at once. What a client abandoned counts until its work has ended."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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


COUNTED_BYTES = 100_000
"""Smaller answers are not counted while they are sent."""

UNSENT_ANSWERS = 5
"""So many answers of the largest size may wait for the connections of one user to take them, and ten times as many for
those of a network."""


class Requests:
    """Bounds what is executed at once for each user, and for each network of those without an account, and how many
    bytes wait to be sent to them."""

    def __init__(self) -> None:
        self._of_user, self._of_network = Allotments(OF_USER), Allotments(OF_NETWORK)
        self._unsent = Counter[str]()

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

    def sending(self, context: Context[Any], response: Response) -> Response:
        """The response, whose body counts until the client has taken it. Raises LimitExceeded if too much waits."""
        viewer, size = context.viewer, len(response.body)
        if size < COUNTED_BYTES:
            return response
        most = UNSENT_ANSWERS * context.services.settings.answer_bytes
        key = network(context.client) if viewer is None else viewer.id.hex
        if viewer is None:
            most *= OF_NETWORK // OF_USER
        if self._unsent[key] + size > most:
            raise LimitExceeded(
                f"Answers of more than {most:,} bytes wait for you to read them, the limit. Read them, then ask again."
            )
        self._unsent[key] += size
        return _Sending(response, partial(self._sent, key, size))

    def _sent(self, key: str, size: int) -> None:
        self._unsent[key] -= size
        if not self._unsent[key]:
            del self._unsent[key]


class _Sending(Response):
    """Sends a response, and calls `sent` when the client has taken all of it, or is gone."""

    def __init__(self, response: Response, sent: Callable[[], None]) -> None:
        super().__init__(response.body, response.status_code)
        self.raw_headers = response.raw_headers
        self._sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
            # This waits until the connection has room again, that is, has taken the body.
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._sent()
