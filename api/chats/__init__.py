"""Chats, memberships and messages: models, reads and operations. Importing the package registers its access rules."""

from api.chats.chats import create_chat, delete_chat, rename_chat
from api.chats.memberships import add_participant, leave_all_chats, remove_participant
from api.chats.messages import continue_message, delete_message, edit_message, regenerate_message, stop_message
from api.chats.models import Chat, IdempotencyKey, Membership, Message, MessageRole
from api.chats.reads import chat_for, chats_by_id, chats_of, message_for, messages_of, participants_of, user_for
from api.chats.sending import SentMessage, send_message

__all__ = [
    "Chat",
    "IdempotencyKey",
    "Membership",
    "Message",
    "MessageRole",
    "SentMessage",
    "add_participant",
    "chat_for",
    "chats_by_id",
    "chats_of",
    "continue_message",
    "create_chat",
    "delete_chat",
    "delete_message",
    "edit_message",
    "leave_all_chats",
    "message_for",
    "messages_of",
    "participants_of",
    "regenerate_message",
    "remove_participant",
    "rename_chat",
    "send_message",
    "stop_message",
    "user_for",
]
