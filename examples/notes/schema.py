"""The types, queries and subscriptions of the GraphQL schema."""

import strawberry
from strawberry import UNSET

from api.accounts import User, users_by_id
from api.graphql import (
    After,
    Connection,
    First,
    Node,
    Streamed,
    connect,
    node_field,
    object_field,
    related_field,
    snapshot_field,
    stream_field,
    sync_field,
    window,
)
from examples.notes.context import Info
from examples.notes.models import Note as NoteRow
from examples.notes.models import visible_notes


@strawberry.type(description="A note, shared by its owner with members. Its body streams while it is being written.")
class Note(Node, Streamed):
    __model__ = NoteRow
    row: strawberry.Private[NoteRow]

    @snapshot_field(description="Title of the note, at most 200 characters.")
    def title(self) -> str:
        return self.row.title

    @snapshot_field(description="Text of the note so far.")
    def body(self) -> str:
        return self.row.body

    owner: str | None = related_field(
        users_by_id, lambda note: note.row.owner_id, lambda user: user.name, description="Name of the note's owner."
    )


@strawberry.type(description="The authenticated user.")
class Viewer(Node):
    __model__ = User
    row: strawberry.Private[User]

    @strawberry.field(description="Notes of which the viewer is a member, newest first.")
    async def notes(self, info: Info, first: First = UNSET, after: After = UNSET) -> Connection[Note]:
        query, page = visible_notes(self.row.id), window(first, after)
        return await connect(info, self.row, query, Note.of, [NoteRow.position], page, descending=True)


@strawberry.type(description="Queries.")
class Query:
    node = node_field(Note, Viewer)
    note = object_field(Note)

    @strawberry.field(description="The authenticated viewer; null if the request has no token.")
    async def viewer(self, info: Info) -> Viewer | None:
        identity = info.context.viewer
        row = await info.context.visible(User, identity.id) if identity else None
        return Viewer.of(row) if row else None


@strawberry.type(description="Subscriptions.")
class Subscription:
    note_stream = stream_field(NoteRow, Note)
    sync = sync_field()
