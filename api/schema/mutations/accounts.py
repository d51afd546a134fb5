"""Mutations of accounts: sign up, sign in, refresh the token."""

import strawberry

from api import inputs
from api.accounts import SignedIn
from api.schema.context import Info
from api.schema.types.viewer import Viewer


@strawberry.input(description="Input for creating an account.")
class SignUpInput:
    name: str = strawberry.field(description="Name that other users see, at most 100 characters.")
    email: str = strawberry.field(
        description="E-mail address for signing in, at most 320 characters. Other users enter it to add this user to "
        "a chat."
    )
    password: str = strawberry.field(description="Password of 10 to 200 characters.")


@strawberry.input(description="Input for signing in.")
class SignInInput:
    email: str = strawberry.field(description="E-mail address of the account. Upper and lower case are the same.")
    password: str = strawberry.field(description="Password of the account.")


@strawberry.type(description="The result of signing in: a token and the authenticated viewer.")
class AuthPayload:
    token: str = strawberry.field(
        description="Token of the viewer. Send `Bearer <token>` as the header `Authorization` over HTTP, and as "
        "`connectionParams.authorization` over WebSocket. It expires after 12 hours by default; call `refreshToken` "
        "before that."
    )
    viewer: Viewer = strawberry.field(description="The authenticated viewer.")

    @classmethod
    def of(cls, signed_in: SignedIn) -> "AuthPayload":
        return cls(token=signed_in.token, viewer=Viewer.of(signed_in.user))


@strawberry.type
class AccountMutations:
    @strawberry.mutation(
        description="Creates an account and signs in. Fails with CONFLICT if the e-mail address is taken, and with "
        "RATE_LIMITED beyond 30 attempts per minute from one network address."
    )
    async def sign_up(self, info: Info, input: SignUpInput) -> AuthPayload:
        name, email = inputs.name(input.name), inputs.email_address(input.email)
        password = inputs.new_password(input.password)
        return AuthPayload.of(await info.context.services.accounts.sign_up(info.context.client, name, email, password))

    @strawberry.mutation(
        description="Signs in with e-mail address and password. Fails with UNAUTHENTICATED if they do not match, and "
        "with RATE_LIMITED beyond 30 attempts per minute for one account from one network address."
    )
    async def sign_in(self, info: Info, input: SignInInput) -> AuthPayload:
        email, password = inputs.given_email_address(input.email), inputs.given_password(input.password)
        return AuthPayload.of(await info.context.services.accounts.sign_in(info.context.client, email, password))

    @strawberry.mutation(
        description="Issues a new token to the viewer. Fails with UNAUTHENTICATED if the current token has expired or "
        "its account no longer exists."
    )
    async def refresh_token(self, info: Info) -> AuthPayload:
        return AuthPayload.of(await info.context.services.accounts.refresh(info.context.signed_in))
