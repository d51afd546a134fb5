"""Mutations of credentials: end a session, create and revoke API tokens."""

from datetime import datetime

import strawberry

from api import inputs
from api.graphql.relay import key_of
from api.schema.context import Info
from api.schema.types.credentials import ApiToken


@strawberry.input(description="Input for ending a session.")
class RevokeSessionInput:
    session_id: strawberry.ID = strawberry.field(description="Id of a session of the viewer.")


@strawberry.type(description="The result of ending a session.")
class RevokeSessionPayload:
    revoked_id: strawberry.ID = strawberry.field(description="Id of the session that has ended.")


@strawberry.input(description="Input for creating an API token.")
class CreateApiTokenInput:
    name: str = strawberry.field(description="Name that says what the token is for, at most 100 characters.")
    expires_at: datetime | None = strawberry.field(
        default=None, description="Date and time when the token expires. Null if it does not expire."
    )


@strawberry.type(description="A new API token with its secret.")
class CreateApiTokenPayload:
    api_token: ApiToken = strawberry.field(description="The new token.")
    token: str = strawberry.field(
        description="The secret, which begins with `twotrack_`. It is not stored, and is shown only here. Send "
        "`Bearer <token>` as the header `Authorization`."
    )


@strawberry.input(description="Input for revoking an API token.")
class RevokeApiTokenInput:
    api_token_id: strawberry.ID = strawberry.field(description="Id of an API token of the viewer.")


@strawberry.type(description="The result of revoking an API token.")
class RevokeApiTokenPayload:
    revoked_id: strawberry.ID = strawberry.field(description="Id of the revoked API token.")


@strawberry.type
class CredentialMutations:
    @strawberry.mutation(
        description="Ends a session of the viewer. Its sockets close with 4403, and its streaming responses end. Fails "
        "with NOT_FOUND if it is unknown or has ended, and with FORBIDDEN for API tokens."
    )
    async def revoke_session(self, info: Info, input: RevokeSessionInput) -> RevokeSessionPayload:
        key = key_of("Session", input.session_id)
        await info.context.services.accounts.revoke_session(info.context.identity, key)
        return RevokeSessionPayload(revoked_id=input.session_id)

    @strawberry.mutation(
        description="Creates a token for programs. It may do what the viewer may, except manage accounts, sessions and "
        "tokens. Fails with LIMIT_EXCEEDED beyond 50 tokens, and with FORBIDDEN for API tokens."
    )
    async def create_api_token(self, info: Info, input: CreateApiTokenInput) -> CreateApiTokenPayload:
        name = inputs.name(input.name)
        accounts, identity = info.context.services.accounts, info.context.identity
        row, token = await accounts.create_api_token(identity, name, inputs.instant(input.expires_at))
        return CreateApiTokenPayload(api_token=ApiToken.of(row), token=token)

    @strawberry.mutation(
        description="Revokes an API token of the viewer. Its sockets close with 4403 on all servers. Fails with "
        "NOT_FOUND if it is unknown or revoked already, and with FORBIDDEN for API tokens."
    )
    async def revoke_api_token(self, info: Info, input: RevokeApiTokenInput) -> RevokeApiTokenPayload:
        key = key_of("ApiToken", input.api_token_id)
        await info.context.services.accounts.revoke_api_token(info.context.identity, key)
        return RevokeApiTokenPayload(revoked_id=input.api_token_id)
