"""Chats: models, access rules, and the operations on chats, memberships and messages."""
