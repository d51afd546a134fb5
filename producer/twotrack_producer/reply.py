"""One reply: batches, sequence numbers, lease, and how it ends.

One request is in flight at a time. It is repeated until it is answered; meanwhile, text collects for the next one.
"""

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from twotrack_producer.batches import Batches, whole
from twotrack_producer.errors import Finished, ProducerError, Refused, Stopped, TakenOver, TooLong
from twotrack_producer.pace import Pace
from twotrack_producer.server import Server

RENEWALS_PER_LEASE = 3
"""Two renewals may be lost before the lease runs out."""

FAREWELL_SECONDS = 5.0
"""How long a producer that is cancelled tries to send the rest."""

INTERRUPTED = {"code": "INTERRUPTED", "message": "The agent was interrupted before it finished this reply. Ask again."}
TOO_LONG = {"code": "TOO_LONG", "message": "The reply became too long and was cut off. Ask for a shorter one."}

MESSAGE = "message { id status content error { code } }"
START = (
    f"mutation ($input: StartReplyInput!) {{ startReply(input: $input) {{ fence sequence leaseSeconds {MESSAGE} }} }}"
)
APPEND = "mutation ($input: AppendToReplyInput!) { appendToReply(input: $input) { sequence } }"
FINISH = "mutation ($input: FinishReplyInput!) { finishReply(input: $input) { message { id } } }"
STATUS = "query ($id: ID!) { message(id: $id) { status error { code } } }"


def reply(server: Server, chat_id: str, *, key: str, reply_to: str | None = None, model: str | None = None) -> "Reply":
    """A reply in this chat, for `async with`.

    `key` names the reply among all of this user: choose one that a restarted producer finds again, such as the id of
    the answered message. `reply_to` is that id, and `model` the name of the model that writes.
    """
    return Reply(server, {"chatId": chat_id, "idempotencyKey": key, "replyTo": reply_to, "model": model})


class Reply:
    """The text of a reply while its block runs.

    Entering raises Stopped, Finished and Refused, and TakenOver if another producer started it since. If the reply is
    stopped or taken over later, the block is cancelled, and `async with` raises the reason.
    """

    def __init__(self, server: Server, start: dict[str, Any]) -> None:
        self._server = server
        self._start = start
        self._id, self._fence, self._sequence, self._lease = "", 0, 0, 0.0
        self._content: list[str] = []
        self._batches = Batches()
        self._details: dict[str, Any] = {}
        self._ending: dict[str, Any] | None = None
        self._wake = asyncio.Event()
        self._changes = 0
        """How often something was appended or shown."""
        self._stored = 0
        """How many of the changes the server has stored."""
        self._progress = asyncio.Event()
        self._pace = Pace()
        self._send_at = 0.0
        self._is_confirmed = False
        """Whether a request was accepted since the reply was opened."""
        self._is_reopened = False
        self._cancelled_before = 0
        self._failure: ProducerError | None = None
        self._block: asyncio.Task[Any] | None = None
        self._sending: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """Id of the message."""
        return self._id

    @property
    def content(self) -> str:
        """The text so far: what the reply had when it was opened, and what was appended since."""
        self._content = ["".join(self._content)]
        return self._content[0]

    def append(self, text: str) -> None:
        """Append text to the reply. Raises the reason if the reply is stopped or taken over."""
        self._add("content", text)
        self._content.append(text)
        self._batches.activity = None

    def think(self, text: str) -> None:
        """Append text to the model's reasoning."""
        self._add("reasoning", text)

    def _add(self, name: str, text: str) -> None:
        self._raise_failure()
        if text:
            self._batches.add(name, text)
            self._changed()

    def show(self, activity: str) -> None:
        """Show what the agent is doing now, until text comes. At most 200 characters; empty for nothing."""
        self._raise_failure()
        self._batches.activity = whole(activity)
        self._changed()

    def _changed(self) -> None:
        self._changes += 1
        self._wake.set()

    def set(
        self,
        *,
        finish_reason: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        model: str | None = None,
    ) -> None:
        """Set what is stored with the end of the reply: why the model stopped, its name, and the tokens it counted."""
        self._details = {
            "finishReason": finish_reason,
            "model": model,
            "usage": {"inputTokens": input_tokens, "outputTokens": output_tokens},
        }

    async def flush(self) -> None:
        """Wait until the server has stored all that was appended."""
        appended = self._changes
        while self._stored < appended and self._failure is None:
            await self._progress.wait()
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def __aenter__(self) -> Self:
        message = await self._open()
        self._content = [message["content"]]
        self._block = asyncio.current_task()
        assert self._block is not None
        self._cancelled_before = self._block.cancelling()
        self._sending = asyncio.create_task(self._send(), name=f"reply: {self._id}")
        return self

    async def _open(self) -> dict[str, Any]:
        """Start the reply, or take it over."""
        started = (await self._server.execute(START, input=self._start))["startReply"]
        message: dict[str, Any] = started["message"]
        if message["status"] == "STOPPED":
            raise Stopped("A participant stopped this reply.")
        if message["status"] != "STREAMING":
            raise Finished(f"This reply has ended: it is {message['status']}. Use another key for another reply.")
        self._id, self._fence, self._sequence = message["id"], started["fence"], started["sequence"]
        self._lease = started["leaseSeconds"]
        self._is_confirmed = False
        return message

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        block, sending = self._block, self._sending
        assert block is not None
        assert sending is not None
        self._block = None
        if self._failure is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # the block may have ended before its cancellation came: it comes here
            if block.uncancel() > self._cancelled_before:
                raise asyncio.CancelledError
            if error is None or isinstance(error, asyncio.CancelledError):
                raise self._failure from None
            return
        failed = {"status": "FAILED", "error": INTERRUPTED}
        self._ending = {"status": "COMPLETE", **self._details} if error is None else failed
        self._wake.set()
        if error is None or isinstance(error, Exception):
            await asyncio.wait((sending,))
        else:  # this task was cancelled, and must end soon
            await asyncio.wait((sending,), timeout=FAREWELL_SECONDS)
            sending.cancel()
            await asyncio.wait((sending,))
        if error is None:
            self._raise_failure()

    async def _send(self) -> None:
        try:
            while self._batches or self._ending is None:
                await self._work()
                if self._batches or self._ending is None:
                    batch, stored = self._batches.take(), self._stored if self._batches else self._changes
                    sent_at = time.monotonic()
                    await self._request(APPEND, batch)
                    answered_at = time.monotonic()
                    if batch:
                        self._pace.answered(answered_at - sent_at)
                    self._send_at = answered_at + self._pace.pause
                    self._stored = stored
                    self._notify()
            await self._request(FINISH, self._ending)
        except ProducerError as error:
            await self._fail(error)
        except Exception as error:
            await self._fail(ProducerError(f"The helper failed: {error!r}"))

    def _notify(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()

    async def _work(self) -> None:
        """Wait until there is something to send and it is time to send it, or the lease must be renewed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lease / RENEWALS_PER_LEASE):
                while not self._batches and self._ending is None:
                    await self._woken()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._send_at - time.monotonic())):
                while self._ending is None:
                    await self._woken()

    async def _woken(self) -> None:
        self._wake.clear()
        await self._wake.wait()

    async def _fail(self, error: ProducerError) -> None:
        """Keep the reason, and cancel the block if it still runs."""
        self._failure = error
        self._notify()
        if self._block is not None:
            self._block.cancel()

    async def _request(self, document: str, fields: dict[str, Any]) -> None:
        """Send the next request, until it is accepted."""
        sequence = self._sequence + 1
        while self._sequence < sequence:
            input = {"messageId": self._id, "fence": self._fence, "sequence": sequence, **fields}
            try:
                await self._server.execute(document, input=input)
                self._sequence, self._is_confirmed = sequence, True
            except Refused as refused:
                await self._refused(refused, sequence)

    async def _refused(self, refused: Refused, sequence: int) -> None:
        """Return if the request can be sent again. Raises the reason otherwise."""
        if refused.code == "LIMIT_EXCEEDED":
            self._batches = Batches()
            await self._request(FINISH, {"status": "FAILED", "error": TOO_LONG})
            raise TooLong(str(refused)) from None
        match refused.extensions.get("reason"):
            case "STOPPED":
                raise Stopped("A participant stopped or deleted this reply.") from None
            case "TAKEN_OVER":
                await self._reopen(sequence)
            case _:
                raise refused

    async def _reopen(self, sequence: int) -> None:
        """Go on with a reply whose lease ran out, for example while the server was away for long."""
        message = (await self._server.execute(STATUS, id=self._id))["message"]
        if message is None:
            raise Stopped("This reply was deleted, or this user left the chat.")
        # A repeat of our own request to start it may have arrived last. Its answer is the one that counts.
        was_repeated = not self._is_confirmed and not self._is_reopened
        if (message["error"] or {}).get("code") != "INTERRUPTED" and not was_repeated:
            raise TakenOver("Another producer writes this reply now.")
        self._is_reopened = was_repeated
        message = await self._open()
        meant = whole(self.content).replace("\0", "\N{REPLACEMENT CHARACTER}")
        if self._sequence not in (sequence - 1, sequence) or not meant.startswith(message["content"]):
            raise TakenOver("Another producer wrote to this reply in between.")
