"""Links to chats, and the guests who have one."""

from tests.support.people import Person
from tests.support.server import Running

SHARED = """{
  viewer { id }
  shared { id title revision messages(last: 30) { edges { node { id content streaming } } } }
  sharedBy { name }
}"""


async def link(ann: Person, chat: str, role: str = "READER", expires_at: str | None = None) -> tuple[str, str]:
    """Id and token of a new link."""
    made = await ann.mutate("createLink", chatId=chat, role=role, expiresAt=expires_at)
    return made["link"]["id"], made["token"]


async def guest(server: Running, ann: Person, chat: str) -> tuple[Person, str]:
    """A guest with a new reader link, and the link's id."""
    id, token = await link(ann, chat)
    return server.bearer(token), id
