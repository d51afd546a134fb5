/** Adds created objects to the end of a cached connection, from a mutation's payload: no refetch, and nothing is lost. */

import type { ApolloCache, Reference } from "@apollo/client";
import type { Edge, Page } from "./revisionedPagination.ts";

export interface Append {
  /** The object that has the connection, with its revision in the payload. */
  readonly owner: { readonly __typename: string; readonly id: string; readonly revision: number };
  /** The connection's field, which must have the policy `revisionedPagination()`. */
  readonly field: string;
  /** The created objects, in order. */
  readonly nodes: readonly { readonly __typename: string; readonly id: string }[];
}

/**
 * The connection takes the payload's revision only from exactly the one before. If the difference is greater, another
 * user's change lies between. If the first node is there already, an earlier response brought it, so the latest change
 * is not this mutation's.
 */
export function appendToConnection(cache: ApolloCache, { owner, field, nodes }: Append): void {
  const [created] = nodes;
  cache.modify<Record<string, Page>>({
    id: cache.identify({ __typename: owner.__typename, id: owner.id }),
    fields: {
      [field]: (known) => {
        const page = known as Page;
        if (page.edges === undefined || page.pageInfo?.hasNextPage) return page;
        const present = new Set(page.edges.map((edge) => edge.node.__ref));
        const added = nodes
          .map((node) => edgeOf(cache, node, owner.revision))
          .filter((edge) => !present.has(edge.node.__ref));
        const isNext = page.revision === owner.revision - 1 && created && !present.has(refOf(cache, created));
        return {
          ...page,
          edges: [...page.edges, ...added],
          revision: isNext ? owner.revision : page.revision,
        };
      },
    },
  });
}

type Node = Append["nodes"][number];

function edgeOf(cache: ApolloCache, object: Node, addedAtRevision: number): Edge & { __typename: string } {
  const node: Reference = { __ref: refOf(cache, object) };
  return { __typename: `${object.__typename}Edge`, cursor: "", node, addedAtRevision }; // the next fetch brings the cursor
}

function refOf(cache: ApolloCache, node: Node): string {
  return cache.identify({ ...node }) as string;
}
