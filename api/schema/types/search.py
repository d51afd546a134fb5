"""What `Viewer.search` returns."""

import strawberry

from api.chats.search import Found
from api.graphql.pagination import PageInfo
from api.schema.types.chats import Message


@strawberry.type(description="A part of an excerpt, either one that matches the query or the text between matches.")
class ExcerptPart:
    text: str = strawberry.field(description="Text of the part as the message has it, in Markdown.")
    matches: bool = strawberry.field(description="True if the part is a word or characters of the query.")


@strawberry.type(description="A message that a search found, with its cursor.")
class SearchEdge:
    node: Message = strawberry.field(description="The message that was found.")
    excerpt: list[ExcerptPart] = strawberry.field(
        description="Surroundings of the first match, about 160 characters, in parts. Joined, they are the text."
    )
    cursor: str = strawberry.field(description="Cursor of the message, for use in pagination.")

    @classmethod
    def of(cls, found: Found, cursor: str) -> "SearchEdge":
        parts = [ExcerptPart(text=part.text, matches=part.matches) for part in found.excerpt]
        return cls(node=Message.of(found.message), excerpt=parts, cursor=cursor)


@strawberry.type(description="A page of the messages that a search found, the newest first.")
class SearchConnection:
    edges: list[SearchEdge] = strawberry.field(description="Messages of this page, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Information to aid in pagination.")
