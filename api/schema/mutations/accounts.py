"""Signing up and in."""

import strawberry
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from api.accounts.models import User as UserRow
from api.accounts.operations import ACCOUNT_GONE
from api.accounts.reads import users_by_id
from api.errors import BadUserInput, Conflict, Unauthenticated
from api.inputs import NAME_CHARACTERS, PASSWORD_CHARACTERS, email_address, text
from api.schema.context import Info
from api.schema.types import Viewer


@strawberry.input(description="Who signs up.")
class SignUpInput:
    name: str = strawberry.field(description="What others will see: at most 100 characters.")
    email: str = strawberry.field(description="Where others find them.")
    password: str = strawberry.field(description="10 to 200 characters.")


@strawberry.input(description="Who signs in.")
class SignInInput:
    email: str = strawberry.field(description="The address they signed up with.")
    password: str = strawberry.field(description="Their password.")


@strawberry.type(description="A proof of who is asking.")
class AuthPayload:
    token: str = strawberry.field(
        description="For `Authorization: Bearer <token>`, or `connectionParams.authorization` over WebSocket."
    )
    viewer: Viewer = strawberry.field(description="Whose it is.")


@strawberry.type
class Accounts:
    @strawberry.mutation(description="Make an account. An address that is taken: CONFLICT.")
    async def sign_up(self, info: Info, input: SignUpInput) -> AuthPayload:
        await _spend(info, "sign up", "")
        name = text(input.name, "name", most=NAME_CHARACTERS).strip()
        email = email_address(text(input.email, "e-mail address"))
        password = text(input.password, "password", least=PASSWORD_CHARACTERS[0], most=PASSWORD_CHARACTERS[1])
        row = UserRow(name=name, email=email, password=await info.context.services.passwords.hash(password))
        try:
            async with info.context.services.database.transaction() as session:
                session.add(row)
        except IntegrityError:
            raise Conflict("There is an account with this address already. Sign in instead.") from None
        return _payload(info, row)

    @strawberry.mutation(description="Get a token. A wrong address or password: UNAUTHENTICATED.")
    async def sign_in(self, info: Info, input: SignInInput) -> AuthPayload:
        email = email_address(text(input.email, "e-mail address"))
        if len(input.password) > PASSWORD_CHARACTERS[1]:
            raise BadUserInput(f"No password is longer than {PASSWORD_CHARACTERS[1]} characters.")
        text(input.password, "password", least=0)
        await _spend(info, "sign in", email)
        async with info.context.services.database.reading() as session:
            row = await session.scalar(select(UserRow).where(UserRow.email == email))
        hashed = None if row is None else row.password
        if not await info.context.services.passwords.verify(input.password, hashed) or row is None:
            raise Unauthenticated("The address or the password is wrong. Check both, or sign up.")
        return _payload(info, row)

    @strawberry.mutation(description="A fresh token for the one who asks, while theirs is still good.")
    async def refresh_token(self, info: Info) -> AuthPayload:
        row = await info.context.load(users_by_id, info.context.signed_in)
        if row is None:
            raise Unauthenticated(ACCOUNT_GONE)
        return _payload(info, row)


def _payload(info: Info, row: UserRow) -> AuthPayload:
    return AuthPayload(token=info.context.services.tokens.issue(row.id), viewer=Viewer.of(row))


async def _spend(info: Info, what: str, who: str) -> None:
    """Guessing is slow: for one account from one address, so that nobody locks somebody else out."""
    limit = info.context.services.settings.sign_ins_per_minute
    await info.context.services.rates.spend(what, f"{info.context.client} {who}", limit)
