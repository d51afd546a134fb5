"""`Session` and `ApiToken`: the credentials of the viewer."""

from datetime import datetime

import strawberry

from api.accounts import ApiToken as ApiTokenRow
from api.accounts import Session as SessionRow
from api.graphql.relay import global_id
from api.identity import Identity


@strawberry.type(description="One sign-in of the viewer, on one device.")
class Session:
    id: strawberry.ID = strawberry.field(description="Opaque id of the session.")
    created_at: datetime = strawberry.field(description="Date and time of the sign-in.")
    last_used_at: datetime = strawberry.field(description="Date and time of the last use, exact to an hour.")
    expires_at: datetime = strawberry.field(description="Date and time when the user must sign in again.")
    client: str = strawberry.field(
        description="The `User-Agent` of the sign-in, at most 200 characters. Empty if there was none."
    )
    current: bool = strawberry.field(description="True for the session of this request.")

    @classmethod
    def of(cls, row: SessionRow, identity: Identity) -> "Session":
        return cls(
            id=global_id("Session", row.id),
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            client=row.client,
            current=row.id == identity.credential,
        )


@strawberry.type(description="A token for programs of the viewer. Its secret is shown once, when it is created.")
class ApiToken:
    id: strawberry.ID = strawberry.field(description="Opaque id of the token. It is not the secret.")
    name: str = strawberry.field(description="Name that the viewer gave, at most 100 characters.")
    created_at: datetime = strawberry.field(description="Date and time when the token was created.")
    last_used_at: datetime | None = strawberry.field(
        description="Date and time of the last use, exact to an hour. Null if the token was not used yet."
    )
    expires_at: datetime | None = strawberry.field(
        description="Date and time when the token expires. Null if it does not expire."
    )

    @classmethod
    def of(cls, row: ApiTokenRow) -> "ApiToken":
        return cls(
            id=global_id("ApiToken", row.id),
            name=row.name,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
        )
