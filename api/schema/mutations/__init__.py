"""The mutations. Each parses its input, calls one operation and wraps the result."""

import strawberry

from api.schema.mutations.accounts import AccountMutations
from api.schema.mutations.chats import ChatMutations
from api.schema.mutations.credentials import CredentialMutations
from api.schema.mutations.links import LinkMutations
from api.schema.mutations.messages import MessageMutations
from api.schema.mutations.producing import ProducingMutations


@strawberry.type(
    description="Mutations. The fields of one request run one after the other, each in a transaction of its own. All "
    "except `signUp` and `signIn` fail with UNAUTHENTICATED without a valid token, and with NOT_FOUND for objects that "
    "the viewer may not see. All fail with FORBIDDEN for the token of a link. Limits are defaults, which the server's "
    "operator can change."
)
class Mutation(
    AccountMutations, CredentialMutations, ChatMutations, LinkMutations, MessageMutations, ProducingMutations
):
    pass
