"""Mutations for replies that are written from outside, by agents in other processes."""

from typing import Any

import strawberry

from api import inputs
from api.chats import Message as MessageRow
from api.errors import BadUserInput
from api.graphql.relay import key_of
from api.graphql.streamed import StreamErrorCode
from api.replies import outside
from api.replies.outside import NewReply
from api.schema.context import Info
from api.schema.mutations.messages import MessagePayload
from api.schema.types.chats import Message
from api.streaming.columns import Status
from api.streaming.outside import Append, Finish

ERROR_CHARACTERS = 1_000

UNFINISHED = "The agent could not finish this reply. Ask again."


@strawberry.input(description="Input for starting a reply that the viewer writes, such as an agent.")
class StartReplyInput:
    chat_id: strawberry.ID = strawberry.field(description="Id of the chat.")
    reply_to: strawberry.ID | None = strawberry.field(
        default=None, description="Id of the message in this chat that the reply answers."
    )
    model: str | None = strawberry.field(
        default=None, description="Name of the model that generates the reply, at most 200 characters."
    )
    idempotency_key: str = strawberry.field(
        description="Idempotency key of 1 to 100 characters, for example with the id of the answered message. The same "
        "key again takes the reply over, so that a producer that was restarted can go on with it."
    )


@strawberry.input(description="Input for appending to a reply that the viewer writes.")
class AppendToReplyInput:
    message_id: strawberry.ID = strawberry.field(description="Id of the reply.")
    fence: int = strawberry.field(description="Fencing token that `startReply` returned.")
    sequence: int = strawberry.field(
        description="Number of this append: the last accepted one plus 1. An append with a number that was accepted "
        "before changes nothing and succeeds."
    )
    content: str | None = strawberry.field(
        default=None, description="Text in Markdown to append to `content`. Without any, the lease is renewed."
    )
    reasoning: str | None = strawberry.field(default=None, description="Text to append to `reasoning`.")
    activity: str | None = strawberry.field(
        default=None,
        description="Text for people about what the producer is doing, at most 200 characters, for example `Searching "
        "the web…`. Without it, text removes the activity, and an append without text keeps it.",
    )


@strawberry.input(description="Reason why a reply that the viewer writes has failed.")
class ReplyErrorInput:
    message: str = strawberry.field(
        description="Text for people, at most 1,000 characters: what happened, and what to do."
    )
    code: StreamErrorCode = strawberry.field(
        default=StreamErrorCode.INTERRUPTED,
        description="Machine-readable error code. A reply that was INTERRUPTED can be reopened by its idempotency key.",
    )


@strawberry.input(description="Token usage of a reply that the viewer writes.")
class UsageInput:
    input_tokens: int | None = strawberry.field(default=None, description="Number of tokens in the prompt.")
    output_tokens: int | None = strawberry.field(default=None, description="Number of tokens that were generated.")


@strawberry.input(description="Input for finishing a reply that the viewer writes.")
class FinishReplyInput:
    message_id: strawberry.ID = strawberry.field(description="Id of the reply.")
    fence: int = strawberry.field(description="Fencing token that `startReply` returned.")
    sequence: int = strawberry.field(
        description="Number after that of the last append. The number of the last append itself is accepted, too, once "
        "that append was answered."
    )
    status: Status = strawberry.field(default=Status.COMPLETE, description="Final status: COMPLETE or FAILED.")
    error: ReplyErrorInput | None = strawberry.field(
        default=None, description="Reason for the status FAILED; ignored for COMPLETE."
    )
    finish_reason: str | None = strawberry.field(
        default=None,
        description="Reason why the model stopped, at most 100 characters: a value of `Message.finishReason`, or the "
        "provider's own word.",
    )
    usage: UsageInput | None = strawberry.field(default=None, description="Token usage of the reply.")
    model: str | None = strawberry.field(
        default=None, description="Name of the model that generated the reply, at most 200 characters."
    )


@strawberry.type(description="The result of starting or continuing a reply that the viewer writes.")
class ReplyPayload:
    message: Message = strawberry.field(description="Current state of the reply.")
    sequence: int = strawberry.field(description="Number of the last accepted append; 0 for a new reply.")
    lease_seconds: float = strawberry.field(
        description="Seconds until the lease of the reply ends, unless an append renews it. Then the reply fails with "
        "INTERRUPTED. Renew it at a third of this time."
    )

    @classmethod
    def of(cls, row: MessageRow, info: Info, **more: Any) -> Any:
        lease = info.context.services.settings.lease_seconds
        return cls(message=Message.of(row), sequence=row.sequence or 0, lease_seconds=lease, **more)


@strawberry.type(description="The result of starting a reply that the viewer writes.")
class StartReplyPayload(ReplyPayload):
    fence: int = strawberry.field(
        description="Fencing token of this producer. Starting the reply again gives a higher one, and appends with a "
        "lower one fail."
    )


@strawberry.type(description="The result of appending to a reply that the viewer writes.")
class AppendToReplyPayload(ReplyPayload):
    pass


@strawberry.type
class ProducingMutations:
    @strawberry.mutation(
        description="Starts a reply that the viewer writes, with `role` ASSISTANT and the viewer as its author. The "
        "same idempotency key gives the same reply with a higher fence and the last accepted sequence. It reopens a "
        "reply that was INTERRUPTED, with its text; any other final reply is returned as it is. Fails with CONFLICT if "
        "the key was used for anything else, and with reason STOPPED if the reply was deleted."
    )
    async def start_reply(self, info: Info, input: StartReplyInput) -> StartReplyPayload:
        viewer, services = info.context.signed_in, info.context.services
        wanted = NewReply(
            chat=key_of("Chat", input.chat_id),
            key=inputs.idempotency_key(input.idempotency_key),
            reply_to=None if input.reply_to is None else key_of("Message", input.reply_to),
            model=inputs.label(input.model, "name of the model", outside.MODEL_CHARACTERS),
        )
        await services.quotas.count_message(viewer)
        row = await outside.start_reply(services.database, services.settings, viewer, wanted)
        payload: StartReplyPayload = StartReplyPayload.of(row, info, fence=row.fence)
        return payload

    @strawberry.mutation(
        description="Appends text to a reply that the viewer writes, exactly once, and renews its lease. It is "
        "answered when the text is stored, at most one update later. Any server accepts it. Fails with CONFLICT, with "
        "the last accepted number as `extensions.sequence` and a reason as `extensions.reason`: GAP if appends before "
        "it are missing, TAKEN_OVER if the reply was started again or its lease ended, STOPPED if the reply is final "
        "or deleted. Fails with LIMIT_EXCEEDED, and appends nothing, if the reply would exceed 1,000,000 bytes; and "
        "with FORBIDDEN for replies of others."
    )
    async def append_to_reply(self, info: Info, input: AppendToReplyInput) -> AppendToReplyPayload:
        viewer, services = info.context.signed_in, info.context.services
        texts = {name: text for name, text in (("content", input.content), ("reasoning", input.reasoning)) if text}
        values: dict[str, Any] = {}
        if input.activity is not None:
            values["activity"] = inputs.label(input.activity, "activity", outside.ACTIVITY_CHARACTERS)
        elif texts:
            values["activity"] = ""
        request = Append(input.fence, input.sequence, texts, values)
        key = key_of("Message", input.message_id)
        row = await outside.submit(services.database, services.outside, viewer, key, request)
        payload: AppendToReplyPayload = AppendToReplyPayload.of(row, info)
        return payload

    @strawberry.mutation(
        description="Finishes a reply that the viewer writes. A repeat changes nothing and succeeds. Fails with "
        "CONFLICT for the same reasons as `appendToReply`, and with FORBIDDEN for replies of others."
    )
    async def finish_reply(self, info: Info, input: FinishReplyInput) -> MessagePayload:
        viewer, services = info.context.signed_in, info.context.services
        request = _finish(input)
        key = key_of("Message", input.message_id)
        return MessagePayload(
            message=Message.of(await outside.submit(services.database, services.outside, viewer, key, request))
        )


def _finish(input: FinishReplyInput) -> Finish:
    usage = input.usage or UsageInput()
    values = outside.metadata(
        finish_reason=input.finish_reason,
        model=inputs.label(input.model, "name of the model", outside.MODEL_CHARACTERS),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
    )
    if input.status is Status.COMPLETE:
        return Finish(input.fence, input.sequence, Status.COMPLETE, values=values)
    if input.status is not Status.FAILED:
        raise BadUserInput(f"A reply cannot be finished as {input.status.name}. Use COMPLETE or FAILED.")
    code, message = StreamErrorCode.INTERRUPTED, UNFINISHED
    if input.error is not None:
        code, message = input.error.code, inputs.text(input.error.message, "error message", most=ERROR_CHARACTERS)
    return Finish(input.fence, input.sequence, Status.FAILED, code.value, message, values)
