"""What the tests ask of the chat schema: documents by name, and the errors that answer them."""

from typing import Any

from graphql import GraphQLField, build_schema, get_named_type

from tests.support.paths import ROOT

MESSAGE = "id chatId role content reasoning status streaming revision finishReason model error { code message }"
CHAT = "id title revision owner { id } participants { id }"
STREAM = f"subscription ($id: ID!) {{ messageStream(id: $id) {{ {MESSAGE} }} }}"
SYNC = "subscription ($ids: [ID!]!) { sync(ids: $ids) { id revision deleted } }"

CONTRACT = build_schema((ROOT / "schema.graphql").read_text())

PAYLOADS = {
    "AuthPayload": "token viewer { id email revision user { id name } }",
    "ChatPayload": f"chat {{ {CHAT} }}",
    "CreateLinkPayload": "link { id role createdAt expiresAt creator { id } } token",
    "RevokeLinkPayload": "revokedId",
    "CreateApiTokenPayload": "apiToken { id name createdAt lastUsedAt expiresAt } token",
    "DeleteAccountPayload": "deletedId",
    "DeletePayload": "deletedId",
    "AppendToReplyPayload": "sequence leaseSeconds",
    "RevokeApiTokenPayload": "revokedId",
    "RevokeSessionPayload": "revokedId",
    "SignOutPayload": "signedOut",
    "MarkReadPayload": "chat { id } unreadCount",
    "ViewerPayload": "viewer { id user { id name } }",
    "MessagePayload": f"message {{ {MESSAGE} }}",
    "StartReplyPayload": f"message {{ {MESSAGE} }} fence sequence leaseSeconds",
    "SendMessagePayload": f"message {{ {MESSAGE} }} reply {{ {MESSAGE} }} chat {{ id revision }}",
}
"""What the tests select of each mutation's payload."""


class Refused(AssertionError):
    """The server answered with errors where the test expected none."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.extensions: dict[str, Any] = errors[0].get("extensions", {})
        self.code = self.extensions.get("code")


def mutations() -> dict[str, GraphQLField]:
    """The contract's mutations by name."""
    assert CONTRACT.mutation_type is not None
    return dict(CONTRACT.mutation_type.fields)


def mutation(name: str) -> str:
    """A document that calls this mutation with the variable `$input`."""
    field = mutations()[name]
    payload = PAYLOADS[get_named_type(field.type).name]
    return f"mutation ($input: {field.args['input'].type}) {{ {name}(input: $input) {{ {payload} }} }}"
