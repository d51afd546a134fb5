"""Access rules of chats and messages: participants see a chat and its messages, and so do guests with a reader link."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select

from api.accounts.models import User
from api.chats.models import Chat, Link, LinkRole, Membership, Message
from api.streaming.access import access_rule


@access_rule(Chat)
def visible_chats(viewer: UUID) -> Select[Chat]:
    return select(Chat).where(_shown(Chat.id, viewer))


@access_rule(Message)
def visible_messages(viewer: UUID) -> Select[Message]:
    return select(Message).where(_shown(Message.chat_id, viewer))


def _shown(chat: ColumnElement[UUID] | object, viewer: UUID) -> ColumnElement[bool]:
    """Whether the viewer is a participant of the chat, or a reader link to it. A link that expires ends as a
    credential."""
    participates = exists().where(Membership.chat_id == chat, Membership.user_id == viewer)
    links = exists().where(Link.id == viewer, Link.chat_id == chat, Link.role == LinkRole.READER)
    return or_(participates, links)


def own_chats(viewer: UUID) -> Select[Chat]:
    """The chats in which the viewer participates."""
    return select(Chat).join(Membership, Membership.chat_id == Chat.id).where(Membership.user_id == viewer)


def visible_users(viewer: UUID) -> Select[User]:
    """The viewer, and the participants of the viewer's chats."""
    chats = select(Membership.chat_id).where(Membership.user_id == viewer)
    participants = select(Membership.user_id).where(Membership.chat_id.in_(chats))
    return select(User).where(User.id.in_(participants) | (User.id == viewer))
