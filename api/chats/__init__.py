"""Chats, memberships and messages: models, reads and operations. Importing the package registers its access rules."""

from api.chats.chats import create_chat, delete_chat, rename_chat, set_assistant
from api.chats.export import exported
from api.chats.links import (
    ReaderLinks,
    create_link,
    join_chat,
    links_of,
    require_invitation,
    revoke_link,
    shared_chat,
)
from api.chats.memberships import add_participant, leave_all_chats, remove_participant
from api.chats.messages import continue_message, delete_message, edit_message, regenerate_message, stop_message
from api.chats.models import (
    Assistant,
    Chat,
    IdempotencyKey,
    Link,
    LinkRole,
    Membership,
    Message,
    MessageRole,
    MessageVersion,
)
from api.chats.quotas import Allowance, Quotas, count_tokens
from api.chats.reading import chats_with_replies, mark_read, unread_counts
from api.chats.reads import chat_for, chats_by_id, chats_of, message_for, messages_of, participants_of, user_for
from api.chats.sending import SentMessage, send_message
from api.chats.supervision import UnfinishedReply, cancel_reply, unfinished_replies
from api.chats.versions import select_version, shown_version, stored_versions, version_texts, versions_key

__all__ = [
    "Allowance",
    "Assistant",
    "Chat",
    "IdempotencyKey",
    "Link",
    "LinkRole",
    "Membership",
    "Message",
    "MessageRole",
    "MessageVersion",
    "Quotas",
    "ReaderLinks",
    "SentMessage",
    "UnfinishedReply",
    "add_participant",
    "cancel_reply",
    "chat_for",
    "chats_by_id",
    "chats_of",
    "chats_with_replies",
    "continue_message",
    "count_tokens",
    "create_chat",
    "create_link",
    "delete_chat",
    "delete_message",
    "edit_message",
    "exported",
    "join_chat",
    "leave_all_chats",
    "links_of",
    "mark_read",
    "message_for",
    "messages_of",
    "participants_of",
    "regenerate_message",
    "remove_participant",
    "rename_chat",
    "require_invitation",
    "revoke_link",
    "select_version",
    "send_message",
    "set_assistant",
    "shared_chat",
    "shown_version",
    "stop_message",
    "stored_versions",
    "unfinished_replies",
    "unread_counts",
    "user_for",
    "version_texts",
    "versions_key",
]
