"""`Viewer`: the authenticated user, with all that depends on who that is."""

from typing import Annotated

import strawberry

from api.accounts import User as UserRow
from api.chats import chats_of
from api.chats.search import search_messages, search_query
from api.graphql.execution.projection import snapshot_field
from api.graphql.pagination import After, First, page_info, window
from api.graphql.relay import Node
from api.schema.context import Info
from api.schema.types.allowance import Allowance
from api.schema.types.chats import Chat, ChatConnection, ChatEdge
from api.schema.types.credentials import ApiToken, Session
from api.schema.types.search import SearchConnection, SearchEdge
from api.schema.types.users import User

SEARCHES_PER_MINUTE = 120

Words = Annotated[
    str,
    strawberry.argument(
        description="Words to find, at most 200 characters. Case, accents and punctuation do not matter, and there are "
        "no operators. A word of two letters or more also finds longer words that begin with it."
    ),
]


@strawberry.type(description="The authenticated user, with the data that only this user may see.")
class Viewer(Node):
    __model__ = UserRow

    row: strawberry.Private[UserRow]

    @snapshot_field(description="The viewer as other users see them.")
    def user(self) -> User:
        return User.of(self.row)

    @snapshot_field(description="E-mail address that the viewer signs in with.")
    def email(self) -> str:
        return self.row.email

    @snapshot_field(
        description="Revision of the viewer. Revision of the viewer, which rises when the viewer's list of chats or a "
        "chat in it changes."
    )
    def revision(self) -> int:
        return self.row.revision

    @strawberry.field(
        description="Sessions of the viewer that have not ended, the last used first. Fails with FORBIDDEN for API "
        "tokens."
    )
    async def sessions(self, info: Info) -> list[Session]:
        identity = info.context.identity
        rows = await info.context.services.accounts.sessions(identity)
        info.context.spend(len(rows))
        return [Session.of(row, identity) for row in rows]

    @strawberry.field(description="API tokens of the viewer, the newest first. Fails with FORBIDDEN for API tokens.")
    async def api_tokens(self, info: Info) -> list[ApiToken]:
        rows = await info.context.services.accounts.api_tokens(info.context.identity)
        info.context.spend(len(rows))
        return [ApiToken.of(row) for row in rows]

    @strawberry.field(description="Quotas of the viewer: what is used, and the limits.")
    async def allowance(self, info: Info) -> Allowance:
        return Allowance.of(await info.context.services.quotas.allowance(self.row.id))

    @strawberry.field(description="Chats in which the viewer participates, most recently active first.")
    async def chats(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> ChatConnection:
        asked = window(first, after)
        info.context.expect(asked.count)
        revision, found = await chats_of(info.context.services.database, self.row.id, asked)
        info.context.spend(len(found.items))
        edges = [
            ChatEdge(node=Chat.of(row), cursor=cursor) for row, cursor in zip(found.items, found.cursors, strict=True)
        ]
        return ChatConnection(revision=revision, edges=edges, page_info=page_info(found))

    @strawberry.field(
        description="Messages in the viewer's chats whose text contains all words of the query, the newest first. "
        "Searches the first 100,000 characters of messages that are final, in the 1,000 most recently active chats. "
        "Fails with BAD_USER_INPUT for a query without a letter or digit, and with RATE_LIMITED beyond 120 searches "
        "per minute."
    )
    async def search(
        self, info: Info, query: Words, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> SearchConnection:
        services, asked, terms = info.context.services, window(first, after), search_query(query)
        info.context.expect(asked.count)
        await services.accounts.rates.spend("search", str(self.row.id), SEARCHES_PER_MINUTE)
        most = services.settings.answer_bytes // 2
        found = await search_messages(services.database, self.row.id, terms, asked, most)
        info.context.spend(len(found.items), (item.message.content for item in found.items))
        edges = [SearchEdge.of(item, cursor) for item, cursor in zip(found.items, found.cursors, strict=True)]
        return SearchConnection(edges=edges, page_info=page_info(found))
