"""What can be changed: accounts, chats, messages."""

import strawberry

from api.schema.mutations.accounts import Accounts
from api.schema.mutations.chats import Chats
from api.schema.mutations.messages import Messages


@strawberry.type(description="What can be changed. Fields run one after the other, each in a transaction of its own.")
class Mutation(Accounts, Chats, Messages):
    pass
