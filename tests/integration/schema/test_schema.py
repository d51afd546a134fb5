"""The printed schema: up to date, documented throughout, and never less than the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

from api.schema.schema import make_schema

PRINTED = Path(__file__).parents[3] / "schema.graphql"

SCHEMA = build_schema(make_schema().as_str())

CONTRACT = """
scalar DateTime

interface Node { id: ID! }

type Viewer implements Node {
  id: ID!
  user: User!
  email: String!
  revision: Int!
  chats(first: Int, after: String): ChatConnection!
}

type User implements Node { id: ID!  name: String!  createdAt: DateTime! }

type Chat implements Node {
  id: ID!
  title: String!
  owner: User!
  participants: [User!]!
  messages(first: Int, after: String, last: Int, before: String): MessageConnection!
  revision: Int!
  createdAt: DateTime!
  updatedAt: DateTime!
}

type ChatConnection { revision: Int!  edges: [ChatEdge!]!  pageInfo: PageInfo! }
type ChatEdge { node: Chat!  cursor: String! }
type MessageConnection { revision: Int!  edges: [MessageEdge!]!  pageInfo: PageInfo! }
type MessageEdge { node: Message!  cursor: String! }
type PageInfo { hasNextPage: Boolean!  hasPreviousPage: Boolean!  startCursor: String  endCursor: String }

type Message implements Node {
  id: ID!
  chatId: ID!
  chat: Chat!
  author: User
  role: MessageRole!
  content: String!
  reasoning: String
  status: StreamStatus!
  streaming: Boolean!
  error: StreamError
  revision: Int!
  model: String
  finishReason: String
  providerFinishReason: String
  activity: String
  usage: Usage
  createdAt: DateTime!
  updatedAt: DateTime!
}

type StreamError { code: StreamErrorCode!  message: String! }
type Usage { inputTokens: Int  outputTokens: Int }

enum MessageRole { USER ASSISTANT }
enum StreamStatus { STREAMING COMPLETE STOPPED FAILED }
enum StreamErrorCode { INTERRUPTED PROVIDER TIMEOUT TOO_LONG }

type Query {
  viewer: Viewer
  node(id: ID!): Node
  chat(id: ID!): Chat
  message(id: ID!): Message
}

type Mutation {
  signUp(input: SignUpInput!): AuthPayload!
  signIn(input: SignInInput!): AuthPayload!
  refreshToken: AuthPayload!
  createChat(input: CreateChatInput): ChatPayload!
  renameChat(input: RenameChatInput!): ChatPayload!
  deleteChat(input: DeleteChatInput!): DeletePayload!
  addParticipant(input: ParticipantInput!): ChatPayload!
  removeParticipant(input: RemoveParticipantInput!): ChatPayload!
  sendMessage(input: SendMessageInput!): SendMessagePayload!
  stopMessage(input: MessageInput!): MessagePayload!
  regenerateMessage(input: MessageInput!): MessagePayload!
  continueMessage(input: MessageInput!): MessagePayload!
  editMessage(input: EditMessageInput!): MessagePayload!
  deleteMessage(input: MessageInput!): DeletePayload!
}

input SignUpInput { name: String!  email: String!  password: String! }
input SignInInput { email: String!  password: String! }
input CreateChatInput { title: String }
input RenameChatInput { chatId: ID!  title: String! }
input DeleteChatInput { chatId: ID! }
input ParticipantInput { chatId: ID!  email: String! }
input RemoveParticipantInput { chatId: ID!  userId: ID! }
input SendMessageInput { chatId: ID!  content: String!  idempotencyKey: String!  reply: Boolean }
input MessageInput { messageId: ID! }
input EditMessageInput { messageId: ID!  content: String! }

type AuthPayload { token: String!  viewer: Viewer! }
type ChatPayload { chat: Chat }
type DeletePayload { deletedId: ID! }
type MessagePayload { message: Message! }
type SendMessagePayload { message: Message!  reply: Message  chat: Chat! }

type Subscription {
  messageStream(id: ID!): Message!
  sync(ids: [ID!]!): SyncEvent!
}

type SyncEvent { id: ID!  revision: Int!  deleted: Boolean! }
"""
"""Clients are written against this: fields may be added to it in the schema, and none may go."""


def test_the_printed_schema_is_up_to_date() -> None:
    assert PRINTED.read_text() == make_schema().as_str() + "\n", "Run `twotrack schema > schema.graphql`."


@pytest.mark.parametrize("promised", build_schema(CONTRACT).type_map.values(), ids=str)
def test_the_contract_is_kept(promised: GraphQLNamedType) -> None:
    kept = SCHEMA.type_map[promised.name]
    assert type(kept) is type(promised)
    assert set(signatures(promised)) <= set(signatures(kept))


def test_a_new_argument_or_input_field_of_what_clients_know_is_never_required() -> None:
    """It would break the clients that do not know it."""
    for known in build_schema(CONTRACT).type_map.values():
        kind = SCHEMA.type_map[known.name]
        new = {signature for signature in set(signatures(kind)) - set(signatures(known)) if signature.endswith("!")}
        fields = {f"input {kind}.{name}(" for name in getattr(known, "fields", {})}
        arguments = {signature for signature in new if any(signature.startswith(field) for field in fields)}
        inputs = {signature for signature in new if isinstance(kind, GraphQLInputObjectType)}
        assert arguments | inputs == set()


def signatures(kind: GraphQLNamedType) -> Iterator[str]:
    """A type's fields, arguments and values, each on a line."""
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        yield from (f"{kind} implements {interface}" for interface in kind.interfaces)
        for name, field in kind.fields.items():
            yield f"{kind}.{name}: {field.type}"
            yield from (f"input {kind}.{name}({key}: {argument.type}" for key, argument in field.args.items())
    elif isinstance(kind, GraphQLInputObjectType):
        for name, value in kind.fields.items():
            default = f" = {value.default_value}" if value.default_value is not None else ""
            yield f"input {kind}.{name}: {value.type}{default}"
    elif isinstance(kind, GraphQLEnumType):
        yield from (f"{kind}.{name}" for name in kind.values)


def test_everything_is_documented() -> None:
    assert [name for name, description in described() if not description] == []


def described() -> Iterator[tuple[str, str | None]]:
    for kind in SCHEMA.type_map.values():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield str(kind), kind.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in kind.fields.items():
                yield f"{kind}.{name}", field.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield from ((f"{kind}.{name}({key}:)", arg.description) for key, arg in field.args.items())
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{kind}.{name}", value.description) for name, value in kind.values.items())
