/** Fetches the latest messages of several chats with one query, which has the `LatestMessages` query once per chat. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import type { TwotrackClient } from "@twotrack/client/apollo";
import { type FieldNode, Kind, type OperationDefinitionNode, type VariableNode } from "graphql";
import { type LatestMessageFragment, LatestMessagesDocument, type LatestMessagesQuery } from "../documents.ts";

export const MAX_CHATS_PER_QUERY = 30; // the server's limit on aliases

type CombinedDocument = TypedDocumentNode<Record<string, LatestMessagesQuery["chat"]>, Record<string, string>>;

/** One list per chat, in the order of the IDs. Empty for a chat that is not found. */
export async function fetchLatestMessages(
  chatIds: readonly string[],
  client: TwotrackClient,
): Promise<LatestMessageFragment[][]> {
  const aliases = chatIds.map((_, index) => `chat${index}`);
  const { data } = await client.query({
    query: combinedDocument(aliases),
    variables: Object.fromEntries(aliases.map((alias, index) => [alias, chatIds[index] ?? ""])),
    // Not cached: these messages have no revision, so the cache could not tell an older version from a newer one.
    fetchPolicy: "no-cache",
  });
  return aliases.map((alias) => data?.[alias]?.messages.edges.map(({ node }) => node) ?? []);
}

/** Depends only on the number of chats, so a server that caches documents sees at most thirty different ones. */
function combinedDocument(aliases: readonly string[]): CombinedDocument {
  const [operation, ...fragments] = LatestMessagesDocument.definitions as readonly [OperationDefinitionNode];
  const [declaration] = operation.variableDefinitions ?? [];
  const [field] = operation.selectionSet.selections as readonly [FieldNode];
  const combined = {
    ...operation,
    variableDefinitions: aliases.map((alias) => ({ ...declaration, variable: variable(alias) })),
    selectionSet: {
      ...operation.selectionSet,
      selections: aliases.map((alias) => ({
        ...field,
        alias: variable(alias).name,
        arguments: field.arguments?.map((argument) => ({ ...argument, value: variable(alias) })),
      })),
    },
  };
  return { ...LatestMessagesDocument, definitions: [combined, ...fragments] } as CombinedDocument;
}

function variable(name: string): VariableNode {
  return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } };
}
