"""What is stored, and each model's track."""

from api.models.base import Base
from api.models.chat import Chat, Participation
from api.models.message import Message, MessageRole, Sent
from api.models.user import User

__all__ = ["Base", "Chat", "Message", "MessageRole", "Participation", "Sent", "User"]
