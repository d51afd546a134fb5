"""GraphQL over HTTP: one JSON answer to a POST, or a subscription as one long response."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.errors import BadUserInput, LimitExceeded, NoPersistedQueries, RequestError, Unauthenticated
from api.graphql.context import Context, Services
from api.graphql.execution.operations import WITHOUT_SUBSCRIPTIONS, Operation, Operations, is_persisted
from api.graphql.execution.responses import Payload, Refusal, failure, refusal
from api.graphql.transport.connections import CONNECTIONS
from api.graphql.transport.framing import Framing
from api.graphql.transport.json_text import TooManyValues, parsed
from api.graphql.transport.multipart import MULTIPART
from api.graphql.transport.requests import Requests
from api.graphql.transport.sse import SERVER_SENT_EVENTS
from api.identity import Identity

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

BODY_SECONDS = 30.0
"""For a request's body to arrive. 1 MB takes as long at 270 kbit/s."""

HEARTBEAT_SECONDS = 10.0
"""Proxies close a response that is silent for some tens of seconds."""


class GraphQLOverHTTP:
    """Answers POST `/graphql`."""

    def __init__(self, operations: Operations, services: Services, draining: asyncio.Event) -> None:
        self._operations = operations
        self._services = services
        self._draining = draining
        self._requests = Requests()

    async def __call__(self, request: Request) -> Response:
        request_id = request.scope.get("request_id", "")
        try:
            operation = Operation.of(await self._json(request))
            viewer = await self._services.credentials.identify(request.headers.get("authorization"))
        except RequestError as error:
            return _answer(request, refusal(error, request_id), status=_status_of(error, request))
        except (OSError, SQLAlchemyError) as error:  # the credential cannot be read
            return _answer(request, failure(error, request_id))
        except ClientDisconnect:
            return Response(status_code=400)  # the client disconnected while it was sending; it reads no answer
        address = request.client.host if request.client else ""
        context = Context(self._services, viewer, address, request_id, request.headers.get("user-agent", ""))
        framing = _framing(request)
        if framing is SERVER_SENT_EVENTS and _takes_json(request) and not self._operations.subscribes(operation):
            framing = None
        if framing is not None:
            if CONNECTIONS.full:
                return Response("The server is busy; retry.", 503, {"retry-after": "5"})
            payloads = self._operations.run(operation, context)
            headers = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
            frames = self._framed(payloads, framing, viewer)
            return Streaming(frames, media_type=framing.content_type, headers=headers)
        try:
            async with (
                self._requests.one(request, context),
                aclosing(self._operations.run(operation, context, WITHOUT_SUBSCRIPTIONS)) as payloads,
            ):
                return self._requests.sending(context, _answer(request, await anext(payloads)))
        except LimitExceeded as error:
            return _answer(request, refusal(error, request_id))
        except ClientDisconnect:
            return Response(status_code=400)  # it left while its request waited

    async def _json(self, request: Request) -> object:
        if not request.headers.get("content-type", "").partition(";")[0].strip().lower() == JSON:
            raise BadUserInput("Send the request as JSON, with `Content-Type: application/json`.")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(request)
        except TimeoutError:
            raise BadUserInput(
                f"The request's body did not arrive within {BODY_SECONDS:g} seconds. Send the request again."
            ) from None
        try:
            return parsed(body)
        except TooManyValues as error:
            raise BadUserInput(str(error)) from None
        except (ValueError, RecursionError):
            raise BadUserInput("The request's body is not JSON. Send an object with `query` and `variables`.") from None

    async def _body(self, request: Request) -> bytearray:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > self._services.settings.body_bytes:
                raise BadUserInput(
                    f"The request is larger than {self._services.settings.body_bytes:,} bytes, the limit. Split it."
                )
        return body

    async def _framed(
        self, payloads: AsyncGenerator[Payload, None], framing: Framing, viewer: Identity | None
    ) -> AsyncIterator[bytes]:
        """The payloads as they come, with heartbeats in between.

        Ends without a `complete` if the server stops or the token expires: clients take that for a lost connection,
        and reconnect.
        """
        ending = asyncio.create_task(self._until_over(viewer))
        upcoming: asyncio.Task[Payload] | None = None
        try:
            yield framing.start + framing.heartbeat
            while True:
                upcoming = upcoming or asyncio.ensure_future(anext(payloads))
                await asyncio.wait((upcoming, ending), timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if ending.done():
                    return
                if not upcoming.done():
                    yield framing.heartbeat
                    continue
                try:
                    yield framing.before + upcoming.result().body + framing.after
                except StopAsyncIteration:
                    yield framing.end
                    return
                upcoming = None
        finally:
            ending.cancel()
            if upcoming is not None:
                upcoming.cancel()
                await asyncio.wait((upcoming,))
            await payloads.aclose()

    async def _until_over(self, viewer: Identity | None) -> None:
        """Returns when the server stops, or when the request's credential expires or ends."""
        over = asyncio.Event()
        draining = asyncio.create_task(self._draining.wait())
        draining.add_done_callback(lambda _: over.set())
        try:
            with self._services.credentials.watch(viewer, over.set), suppress(TimeoutError):
                async with asyncio.timeout(None if viewer is None else viewer.seconds_left()):
                    await over.wait()
        finally:
            draining.cancel()


class Streaming(StreamingResponse):
    """Closes its generator as soon as the client disconnects, not when the generator is collected."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().__call__(scope, receive, send)


def refuse_persisted(request: Request) -> Response | None:
    """The answer to a GET that names its document by a hash, as clients that could cache the answer send it."""
    try:
        extensions = parsed(request.query_params.get("extensions", "null"))
    except (ValueError, RecursionError):
        return None
    if "query" in request.query_params or not is_persisted(extensions):
        return None
    return _answer(request, refusal(NoPersistedQueries(), request.scope.get("request_id", "")))


def _framing(request: Request) -> Framing | None:
    accept = request.headers.get("accept", "").lower()
    if "text/event-stream" in accept:
        return SERVER_SENT_EVENTS
    if "multipart/mixed" in accept and "subscriptionspec" in accept:
        return MULTIPART
    return None


def _status_of(error: RequestError, request: Request) -> int | None:
    if isinstance(error, BadUserInput):
        return 400
    if _framing(request) is SERVER_SENT_EVENTS and not _takes_json(request):
        # graphql-sse's client takes any 200 for a stream, and one without events for a broken one.
        return 401 if isinstance(error, Unauthenticated) else 400
    return None


def _takes_json(request: Request) -> bool:
    """Whether the client accepts a single JSON answer: then a query is not sent as a stream."""
    accepted = request.headers.get("accept", "").lower()
    return JSON in accepted or GRAPHQL_JSON in accepted


def _answer(request: Request, payload: Payload, status: int | None = None) -> Response:
    """With `application/json`, older clients expect 200 and `data`. With the newer media type, a request that was not
    executed has status 400 and no `data`."""
    if GRAPHQL_JSON not in request.headers.get("accept", "").lower():
        return Response(payload.body, status or 200, media_type=JSON)
    if isinstance(payload, Refusal):
        return Response(b'{"errors":' + payload.errors + b"}", 400, media_type=GRAPHQL_JSON)
    return Response(payload.body, media_type=GRAPHQL_JSON)
