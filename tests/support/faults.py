"""HTTP as a producer experiences it while servers are restarted and connections are lost."""

from collections.abc import Callable
from random import Random

import httpx


class UnreliableServers(httpx.AsyncBaseTransport):
    """Sends each request to any of these servers, and loses some requests and some answers.

    `before` may answer in place of the servers.
    """

    def __init__(
        self,
        ports: list[int],
        *,
        seed: int = 0,
        lost: float = 0.0,
        before: Callable[[httpx.Request], httpx.Response | None] = lambda request: None,
    ) -> None:
        self._ports = ports
        self._random = Random(seed)
        self.lost = lost
        self._before = before
        self._transport = httpx.AsyncHTTPTransport(verify=False)
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if (answer := self._before(request)) is not None:
            return answer
        if self._is_lost():
            raise httpx.ConnectError("refused", request=request)
        request.url = request.url.copy_with(port=self._random.choice(self._ports))
        answer = await self._transport.handle_async_request(request)
        if self._is_lost():
            await answer.aclose()
            if self._random.random() < 0.5:
                return httpx.Response(502, text="Bad gateway", request=request)
            raise httpx.RemoteProtocolError("the server restarts", request=request)
        return answer

    def _is_lost(self) -> bool:
        return self._random.random() < self.lost

    async def aclose(self) -> None:
        await self._transport.aclose()
