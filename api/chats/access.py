"""Access rules of chats and messages: participants of a chat see it and its messages."""

from uuid import UUID

from sqlalchemy import Select, select

from api.accounts.models import User
from api.chats.models import Chat, Membership, Message
from api.streaming.access import access_rule


@access_rule(Chat)
def visible_chats(viewer: UUID) -> Select[Chat]:
    return select(Chat).join(Membership, Membership.chat_id == Chat.id).where(Membership.user_id == viewer)


@access_rule(Message)
def visible_messages(viewer: UUID) -> Select[Message]:
    membership = Membership.chat_id == Message.chat_id
    return select(Message).join(Membership, membership).where(Membership.user_id == viewer)


def visible_users(viewer: UUID) -> Select[User]:
    """The viewer, and the participants of the viewer's chats."""
    own_chats = select(Membership.chat_id).where(Membership.user_id == viewer)
    participants = select(Membership.user_id).where(Membership.chat_id.in_(own_chats))
    return select(User).where(User.id.in_(participants) | (User.id == viewer))
