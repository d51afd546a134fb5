/** For graphcache: adds created objects to the end of a connection, from a mutation's payload. No refetch, nothing lost. */

import { type DocumentNode, parse } from "graphql";

/** What is needed of the cache that graphcache passes to an updater. */
export interface UpdaterCache {
  inspectFields(entity: Entity): readonly { fieldName: string; fieldKey: string; arguments: Arguments }[];
  resolve(entity: Entity | string, field: string): unknown;
  readFragment(fragment: DocumentNode, entity: Entity): unknown;
  writeFragment(fragment: DocumentNode, data: Entity & Record<string, unknown>): void;
}

type Entity = { readonly __typename: string; readonly id: string };

type Arguments = Readonly<Record<string, unknown>> | null;

interface Edge {
  readonly __typename: string;
  readonly cursor?: string;
  readonly node: Entity;
}

export interface Append {
  /** The object that has the connection, with its revision in the payload. */
  readonly owner: Entity & { readonly revision: number };
  /** The connection's field, which must have a `revision` beside its edges. */
  readonly field: string;
  /** The created objects, in order. */
  readonly nodes: readonly Entity[];
}

/**
 * The connection takes the payload's revision only from exactly the one before. If the difference is greater, another
 * user's change lies between. If the first node is there already, an earlier response brought it, so the latest change
 * is not this mutation's.
 */
export function appendToConnection(cache: UpdaterCache, append: Append): void {
  const { __typename, id } = append.owner;
  const owner = { __typename, id };
  const pages = cache.inspectFields(owner).filter(({ fieldName }) => fieldName === append.field);
  for (const { fieldKey, arguments: args } of pages) {
    const connection = cache.resolve(owner, fieldKey);
    if (typeof connection === "string" && !hasMore(cache, connection))
      appendToPage(cache, owner, connection, args, append);
  }
}

function hasMore(cache: UpdaterCache, connection: string): boolean {
  const pageInfo = cache.resolve(connection, "pageInfo");
  return typeof pageInfo === "string" && cache.resolve(pageInfo, "hasNextPage") === true;
}

function appendToPage(
  cache: UpdaterCache,
  owner: Entity,
  connection: string,
  args: Arguments,
  { owner: { revision }, field, nodes }: Append,
): void {
  const fragment = pageFragment(owner.__typename, field, args, mayHaveCursors(cache, connection));
  const known = cache.readFragment(fragment, owner) as Record<string, { revision: number; edges: Edge[] }> | null;
  const page = known?.[field];
  if (page === undefined) return;
  const present = new Set(page.edges.map(({ node }) => node.id));
  const added = nodes.filter(({ id }) => !present.has(id));
  const isNext = page.revision === revision - 1 && added.length > 0 && added[0] === nodes[0];
  cache.writeFragment(fragment, {
    ...owner,
    [field]: {
      ...page,
      edges: [...page.edges, ...added.map(edgeOf)],
      revision: isNext ? revision : page.revision,
    },
  });
}

/** An empty page does not tell whether its query selected them. */
function mayHaveCursors(cache: UpdaterCache, connection: string): boolean {
  const edges = cache.resolve(connection, "edges");
  return Array.isArray(edges) && (edges.length === 0 || cache.resolve(edges[0], "cursor") !== undefined);
}

/** Selects the page with the arguments of its query: its edges, and nothing of its nodes but their ids. */
function pageFragment(type: string, field: string, args: Arguments, withCursors: boolean): DocumentNode {
  const given = Object.entries(args ?? {}).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const list = given.length > 0 ? `(${given.join(", ")})` : "";
  return parse(`
    fragment Page on ${type} {
      __typename
      id
      ${field}${list} {
        __typename
        revision
        edges { __typename ${withCursors ? "cursor" : ""} node { __typename id } }
      }
    }
  `);
}

function edgeOf({ __typename, id }: Entity): Edge {
  return { __typename: `${__typename}Edge`, cursor: "", node: { __typename, id } }; // the next fetch brings the cursor
}
