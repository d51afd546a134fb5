"""The mutations: accounts, and what members do with notes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api import inputs
from api.accounts import Origin, User
from api.errors import Conflict, Forbidden, NotFound
from api.graphql import key_of
from api.streaming import Status, enqueue
from examples.notes.context import Info
from examples.notes.models import Note as NoteRow
from examples.notes.models import NoteMember, visible_notes
from examples.notes.schema import Note

NoteId = Annotated[strawberry.ID, strawberry.argument(description="Id of the note.")]


@strawberry.type(description="Mutations.")
class Mutation:
    @strawberry.mutation(description="Creates an account. Returns a token for `Authorization: Bearer <token>`.")
    async def sign_up(self, info: Info, name: str, email: str, password: str) -> str:
        name, email, password = inputs.name(name), inputs.email_address(email), inputs.new_password(password)
        return (await info.context.services.accounts.sign_up(Origin(info.context.client), name, email, password)).token

    @strawberry.mutation(description="Signs in. Returns a token for `Authorization: Bearer <token>`.")
    async def sign_in(self, info: Info, email: str, password: str) -> str:
        email, password = inputs.email_address(email), inputs.given_password(password)
        return (await info.context.services.accounts.sign_in(Origin(info.context.client), email, password)).token

    @strawberry.mutation(description="Creates a note, and starts to write its body.")
    async def create_note(self, info: Info, title: str) -> Note:
        viewer, services = info.context.signed_in, info.context.services
        note = NoteRow(title=inputs.title(title), owner_id=viewer)
        enqueue(note, services.settings.queue_seconds)
        async with services.database.transaction() as session:
            session.add(note)
            await session.flush()
            session.add(NoteMember(note_id=note.id, user_id=viewer))
        return Note.of(note)

    @strawberry.mutation(description="Writes the body of a note anew. Fails with CONFLICT while it streams.")
    async def write_note(self, info: Info, id: NoteId) -> Note:
        async with changing(info, id, while_streaming=False) as (_, note):
            note.body = ""
            enqueue(note, info.context.services.settings.queue_seconds)
        return Note.of(note)

    @strawberry.mutation(description="Changes the title of a note. Fails with CONFLICT while it streams.")
    async def rename_note(self, info: Info, id: NoteId, title: str) -> Note:
        async with changing(info, id, while_streaming=False) as (_, note):
            note.title = inputs.title(title)
        return Note.of(note)

    @strawberry.mutation(description="Stops writing a note. The text so far is kept.")
    async def stop_note(self, info: Info, id: NoteId) -> Note:
        async with changing(info, id) as (_, note):
            if note.streaming:
                note.status = Status.STOPPED
        return Note.of(note)

    @strawberry.mutation(description="Deletes a note. Only its owner can do this.")
    async def delete_note(self, info: Info, id: NoteId) -> strawberry.ID:
        async with changing(info, id, owner_only=True) as (session, note):
            for member in await session.scalars(select(NoteMember).where(NoteMember.note_id == note.id)):
                await session.delete(member)
            await session.flush()
            await session.delete(note)
        return id

    @strawberry.mutation(description="Adds a member. Only the owner of the note can do this.")
    async def share_note(self, info: Info, id: NoteId, email: str) -> Note:
        services, viewer = info.context.services, str(info.context.signed_in)
        # The answer shows which addresses have accounts.
        await services.accounts.rates.spend("share notes", viewer, services.settings.invitations_per_minute)
        async with changing(info, id, owner_only=True) as (session, note):
            user = await session.scalar(select(User).where(User.email == inputs.email_address(email)))
            if user is None:
                raise NotFound("No account has this e-mail address. Check it, or ask its owner to sign up first.")
            await session.merge(NoteMember(note_id=note.id, user_id=user.id))
        return Note.of(note)

    @strawberry.mutation(description="Removes a member, whose open streams of the note end.")
    async def unshare_note(self, info: Info, id: NoteId, email: str) -> Note:
        async with changing(info, id, owner_only=True) as (session, note):
            members = select(NoteMember).join(User).where(NoteMember.note_id == note.id, User.id != note.owner_id)
            member = await session.scalar(members.where(User.email == inputs.email_address(email)))
            if member is None:
                raise NotFound("The note is not shared with this e-mail address.")
            await session.delete(member)
            note.access_epoch += 1
        return Note.of(note)


@asynccontextmanager
async def changing(
    info: Info, id: str, *, owner_only: bool = False, while_streaming: bool = True
) -> AsyncIterator[tuple[AsyncSession, NoteRow]]:
    """The note, locked until the transaction ends. What the block changes is committed, and then announced."""
    viewer = info.context.signed_in
    query = visible_notes(viewer).where(NoteRow.id == key_of("Note", id))
    async with info.context.services.database.transaction() as session:
        note = await session.scalar(query.with_for_update(of=NoteRow, key_share=True))
        if note is None:
            raise NotFound.of(NoteRow)
        if owner_only and note.owner_id != viewer:
            raise Forbidden("Only the owner of a note can do this.")
        if note.streaming and not while_streaming:
            raise Conflict("The note is still being written. Stop it first.")
        yield session, note
