"""What GraphQL needs of a streamed model: the `Streamed` interface, and the field that streams one row.

@strawberry.type(description="A note.")
class Note(Node, Streamed):
    row: strawberry.Private[NoteRow]
    ...

@strawberry.type
class Subscription:
    note_stream = stream_field(NoteRow, Note)
"""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any

import strawberry

from api.graphql.context import Info, counted
from api.graphql.execution.projection import snapshot_field
from api.graphql.execution.shared import SHARES, Shares
from api.graphql.execution.unreadable import use_placeholder
from api.graphql.relay import key_of
from api.streaming.columns import Status
from api.streaming.columns import Streamed as StreamedRow


class StreamErrorCode(StrEnum):
    INTERRUPTED = "INTERRUPTED"
    PROVIDER = "PROVIDER"
    TIMEOUT = "TIMEOUT"
    TOO_LONG = "TOO_LONG"


def describe_enum(
    kind: type[StrEnum], name: str, description: str, *, placeholder: StrEnum | None = None, **values: str
) -> None:
    """Add an enum to the schema, with a description of each of its values.

    A required field whose stored value is none of them, but perhaps one of a newer version, holds the placeholder.
    """
    if placeholder is not None:
        use_placeholder(name, placeholder.name)
    described: Any = strawberry.enum(kind, name=name, description=description)
    for value in described.__strawberry_definition__.values:
        value.description = values[value.name]


describe_enum(
    Status,
    "StreamStatus",
    "Status of a streamed object. Every value except STREAMING is final.",
    placeholder=Status.COMPLETE,
    STREAMING="The text is being written, or waits for a worker. Subscribe to the object's stream.",
    COMPLETE="The text is complete.",
    STOPPED="A user stopped the writing. The text so far is kept.",
    FAILED="Writing failed; `error` gives the reason. The text so far is kept.",
)
describe_enum(
    StreamErrorCode,
    "StreamErrorCode",
    "Machine-readable reason why a streamed object has the status FAILED.",
    INTERRUPTED="The process that wrote the text stopped or failed.",
    PROVIDER="The model's provider refused the request or broke off.",
    TIMEOUT="The provider sent nothing for too long, or no worker was free in time.",
    TOO_LONG="The text exceeded its limit, by default 1,000,000 bytes. What fits is kept.",
)


@strawberry.type(description="Reason why a streamed object has the status FAILED.")
class StreamError:
    code: StreamErrorCode = strawberry.field(description="Machine-readable error code.")
    message: str = strawberry.field(description="Text for people: what happened, and what to do.")


@strawberry.interface(description="An object whose text is streamed while it is being written.")
class Streamed:
    id: strawberry.ID = strawberry.field(description="Opaque id, unique among all objects of all types.")
    row: strawberry.Private[Any]

    @snapshot_field(
        description="Revision of the object, which rises with every change. Of two versions, the greater one is newer."
    )
    def revision(self) -> int:
        return self.row.revision  # type: ignore[no-any-return]

    @snapshot_field(description="Status of the object: streaming, or how it ended.")
    def status(self) -> Status:
        return self.row.status  # type: ignore[no-any-return]

    @snapshot_field(description="True while the text is being written or waits for a worker.")
    def streaming(self) -> bool:
        return bool(self.row.streaming)

    @snapshot_field(description="Reason for the failure; null unless the status is FAILED.")
    def error(self) -> StreamError | None:
        if self.row.error_code is None:
            return None
        return StreamError(code=self.row.error_code, message=self.row.error_message or "")


def stream_field(model: type[StreamedRow], graphql_type: Any, *, description: str | None = None) -> Any:
    """A subscription field with an `id` argument that streams one row of the model, wrapped by `graphql_type.of`.

    It authorizes once, sends the current object first, then every update, and completes after the final status.
    Subscribers that select the same fields share one execution per update, unless a selected field depends on the
    viewer. The model needs an access rule.
    """
    name = graphql_type.__name__
    description = description or (
        f"Streams a {name} while it is being written. Sends the whole object immediately and on every update, and "
        "completes after the final status."
    )
    Id = Annotated[strawberry.ID, strawberry.argument(description=f"Id of the {name}.")]

    async def resolve(info: Info, id: strawberry.ID) -> Any:
        reader, key = info.context.reader, key_of(name, id)
        with counted(info.context, "stream", model):
            hub = info.context.services.hub
            async with hub.follow(model, key, reader.id, shares=reader.is_guest) as snapshots:
                async for snapshot in snapshots:
                    yield graphql_type.of(snapshot)
                    info.context.services.metrics.updated_stream(model.__name__)

    resolve.__annotations__ |= {"id": Id, "return": AsyncIterator[graphql_type]}
    shares = {SHARES: Shares(model, name, graphql_type.of)}
    return strawberry.subscription(resolver=resolve, description=description, metadata=shares)
