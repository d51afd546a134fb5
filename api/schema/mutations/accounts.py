"""Mutations of accounts: sign up, sign in and out, change password and name, delete the account."""

import strawberry

from api import inputs
from api.accounts import Origin, SignedIn
from api.chats import leave_all_chats, require_invitation
from api.graphql.relay import global_id
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
    link: str | None = strawberry.field(
        default=None,
        description="Token of a participant link. Needed if the server lets in only the invited. It makes no "
        "participant: call `joinChat` next.",
    )


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


@strawberry.input(description="Input for signing out.")
class SignOutInput:
    everywhere: bool = strawberry.field(
        default=False, description="If true, ends all sessions of the viewer. API tokens stay."
    )


@strawberry.type(description="The result of signing out.")
class SignOutPayload:
    signed_out: bool = strawberry.field(description="Always true: the session has ended on all servers.")


@strawberry.input(description="Input for changing the password.")
class ChangePasswordInput:
    current_password: str = strawberry.field(description="The password that the account has now.")
    new_password: str = strawberry.field(description="Password of 10 to 200 characters that is not a common one.")


@strawberry.input(description="Input for changing the profile.")
class UpdateProfileInput:
    name: str = strawberry.field(description="Name that other users see, at most 100 characters.")


@strawberry.type(description="The viewer after a change of the account.")
class ViewerPayload:
    viewer: Viewer = strawberry.field(description="The viewer after the change.")


@strawberry.input(description="Input for deleting the account.")
class DeleteAccountInput:
    password: str = strawberry.field(description="Password of the account, to confirm.")


@strawberry.type(description="The result of deleting an account.")
class DeleteAccountPayload:
    deleted_id: strawberry.ID = strawberry.field(description="Id of the deleted user.")


def origin(info: Info) -> Origin:
    return Origin(info.context.client, info.context.agent)


@strawberry.type
class AccountMutations:
    @strawberry.mutation(
        description="Creates an account and signs in. Fails with CONFLICT if the e-mail address is taken, with "
        "FORBIDDEN if the server lets in only the invited and `link` is missing, and with RATE_LIMITED beyond 30 "
        "attempts per minute from one network address."
    )
    async def sign_up(self, info: Info, input: SignUpInput) -> AuthPayload:
        name, email = inputs.name(input.name), inputs.email_address(input.email)
        password, services = inputs.new_password(input.password), info.context.services
        if input.link and services.settings.sign_up == "invited":
            await require_invitation(services.database, input.link)
        signed_in = await services.accounts.sign_up(origin(info), name, email, password, invited=bool(input.link))
        return AuthPayload.of(signed_in)

    @strawberry.mutation(
        description="Signs in with e-mail address and password. Fails with UNAUTHENTICATED if they do not match, and "
        "with RATE_LIMITED beyond 30 attempts per minute for one account from one network address."
    )
    async def sign_in(self, info: Info, input: SignInInput) -> AuthPayload:
        email, password = inputs.given_email_address(input.email), inputs.given_password(input.password)
        return AuthPayload.of(await info.context.services.accounts.sign_in(origin(info), email, password))

    @strawberry.mutation(
        description="Issues a new token for the viewer's session. It never outlives the session, which ends after 30 "
        "days by default. Fails with UNAUTHENTICATED if the token has expired or the session has ended, and with "
        "FORBIDDEN for API tokens."
    )
    async def refresh_token(self, info: Info) -> AuthPayload:
        return AuthPayload.of(await info.context.services.accounts.refresh(info.context.identity))

    @strawberry.mutation(
        description="Ends the session of this request, or all sessions. Its sockets close with 4403, and its streaming "
        "responses end. Fails with FORBIDDEN for API tokens."
    )
    async def sign_out(self, info: Info, input: SignOutInput | None = None) -> SignOutPayload:
        everywhere = input is not None and input.everywhere
        await info.context.services.accounts.sign_out(info.context.identity, everywhere=everywhere)
        return SignOutPayload(signed_out=True)

    @strawberry.mutation(
        description="Changes the password and ends all other sessions. API tokens stay. Fails with BAD_USER_INPUT if "
        "the current password is wrong."
    )
    async def change_password(self, info: Info, input: ChangePasswordInput) -> AuthPayload:
        current, new = inputs.given_password(input.current_password), inputs.new_password(input.new_password)
        return AuthPayload.of(await info.context.services.accounts.change_password(info.context.identity, current, new))

    @strawberry.mutation(description="Changes the name that other users see. Fails with FORBIDDEN for API tokens.")
    async def update_profile(self, info: Info, input: UpdateProfileInput) -> ViewerPayload:
        name = inputs.name(input.name)
        user = await info.context.services.accounts.update_profile(info.context.identity, name)
        return ViewerPayload(viewer=Viewer.of(user))

    @strawberry.mutation(
        description="Deletes the account: leaves all chats, ends all sessions and API tokens, and erases name, e-mail "
        "address and password. Messages of the user stay and show `Deleted user`. Fails with BAD_USER_INPUT if the "
        "password is wrong."
    )
    async def delete_account(self, info: Info, input: DeleteAccountInput) -> DeleteAccountPayload:
        services, password = info.context.services, inputs.given_password(input.password)
        user = await services.accounts.confirm(info.context.identity, password)
        await leave_all_chats(services.database, user.id)
        await services.accounts.erase(user.id)
        return DeleteAccountPayload(deleted_id=global_id("User", user.id))
