/** The documents with which a message is followed: the default ones, or those made from a team's own fragment. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type NameNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import {
  type LiveMessageFragment,
  LiveMessageFragmentDoc,
  MessageStreamDocument,
  type MessageStreamSubscriptionVariables,
} from "./documents.ts";

// biome-ignore lint/suspicious/noExplicitAny: a fragment has no variables, and every library says so in its own way
export type FragmentDocument<Live> = TypedDocumentNode<Live, any>;

export interface StreamDocuments<Live> {
  readonly subscription: TypedDocumentNode<{ messageStream: Live }, MessageStreamSubscriptionVariables>;
  readonly fragment: FragmentDocument<Live>;
  readonly fragmentName: string;
}

// Without an id a frame finds no message to update, and without the others nobody knows which is newer or when to stop.
const NEEDED = ["id", "revision", "status", "streaming"];

const made = new WeakMap<DocumentNode, StreamDocuments<unknown>>();

export function streamDocuments<Live = LiveMessageFragment>(
  fragment: FragmentDocument<Live> = LiveMessageFragmentDoc as unknown as FragmentDocument<Live>,
): StreamDocuments<Live> {
  let documents = made.get(fragment);
  if (documents === undefined) {
    documents = make(fragment);
    made.set(fragment, documents);
  }
  return documents as StreamDocuments<Live>;
}

function make(fragment: DocumentNode): StreamDocuments<unknown> {
  const theirs = fragment.definitions?.find((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  if (theirs?.typeCondition.name.value !== "Message")
    throw new TypeError("useMessageStream needs a fragment on Message: gql`fragment Name on Message { … }`.");
  const ours: FragmentDefinitionNode = { ...theirs, selectionSet: selecting(NEEDED.map(field), theirs.selectionSet) };
  const definitions = fragment.definitions.map((definition) => (definition === theirs ? ours : definition));
  return {
    fragmentName: ours.name.value,
    fragment: document(definitions),
    subscription: document([subscriptionOf(ours.name), ...definitions]),
  };
}

function subscriptionOf(fragmentName: NameNode): OperationDefinitionNode {
  const [operation] = MessageStreamDocument.definitions as unknown as readonly [OperationDefinitionNode];
  const [messageStream] = operation.selectionSet.selections as unknown as readonly [FieldNode];
  const spread: SelectionNode = { kind: Kind.FRAGMENT_SPREAD, name: fragmentName };
  return { ...operation, selectionSet: selecting([{ ...messageStream, selectionSet: selecting([spread]) }]) };
}

function selecting(selections: readonly SelectionNode[], also?: SelectionSetNode): SelectionSetNode {
  return { kind: Kind.SELECTION_SET, selections: [...selections, ...(also?.selections ?? [])] };
}

function field(name: string): FieldNode {
  return { kind: Kind.FIELD, name: { kind: Kind.NAME, value: name } };
}

function document<Result, Variables>(definitions: DefinitionNode[]): TypedDocumentNode<Result, Variables> {
  return { kind: Kind.DOCUMENT, definitions } as TypedDocumentNode<Result, Variables>;
}
