/** The latest messages of several chats by one query: what `Latest` asks of one, of each of them under an alias. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import type { TwotrackClient } from "@twotrack/client/apollo";
import { type FieldNode, Kind, type OperationDefinitionNode, type VariableNode } from "graphql";
import { type GlanceFragment, LatestDocument, type LatestQuery } from "../documents.ts";

export const CHATS_AT_ONCE = 30; // the server takes no more aliases

type OfAll = TypedDocumentNode<Record<string, LatestQuery["chat"]>, Record<string, string>>;

/** In the order of the chats; none of a chat that is gone. */
export async function latestOf(chats: readonly string[], client: TwotrackClient): Promise<GlanceFragment[][]> {
  const names = chats.map((_, index) => `chat${index}`);
  const { data } = await client.query({
    query: documentOf(names),
    variables: Object.fromEntries(names.map((name, index) => [name, chats[index] ?? ""])),
    // Past the cache: a glance at a message without its text has no revision to keep it in order.
    fetchPolicy: "no-cache",
  });
  return names.map((name) => data?.[name]?.messages.edges.map(({ node }) => node) ?? []);
}

/** Its text depends on how many chats there are, not on which: a server that remembers texts meets thirty at most. */
function documentOf(names: readonly string[]): OfAll {
  const [ofOne, ...fragments] = LatestDocument.definitions as readonly [OperationDefinitionNode];
  const [declared] = ofOne.variableDefinitions ?? [];
  const [chat] = ofOne.selectionSet.selections as readonly [FieldNode];
  const ofAll = {
    ...ofOne,
    variableDefinitions: names.map((name) => ({ ...declared, variable: variable(name) })),
    selectionSet: {
      ...ofOne.selectionSet,
      selections: names.map((name) => ({
        ...chat,
        alias: variable(name).name,
        arguments: chat.arguments?.map((argument) => ({ ...argument, value: variable(name) })),
      })),
    },
  };
  return { ...LatestDocument, definitions: [ofAll, ...fragments] } as OfAll;
}

function variable(name: string): VariableNode {
  return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } };
}
