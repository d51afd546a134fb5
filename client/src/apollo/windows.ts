/**
 * How an answer about a part of a connection joins the part that is known.
 *
 * Rows, and the revision beside them, must fit together: the revision says how new the rows are at least. So an answer
 * without a cursor (a page's own fetch) brings its revision along; one that adds older rows to a page does not.
 */

import type { FieldPolicy, Reference } from "@apollo/client";

export interface Edge {
  readonly node: Reference;
  readonly cursor?: string;
  /** The revision with which one's own mutation brought it: an answer of an earlier one cannot know it. */
  readonly sentWith?: number;
}

export interface PageInfo {
  readonly hasNextPage?: boolean;
  readonly hasPreviousPage?: boolean;
  readonly startCursor?: string | null;
  readonly endCursor?: string | null;
}

export interface Window {
  readonly revision?: number;
  readonly edges?: readonly Edge[];
  readonly pageInfo?: PageInfo;
}

interface Args {
  readonly before?: string | null;
  readonly after?: string | null;
}

/** `@connection(key: …)` keeps a connection apart, such as the last message of each chat in a list. */
export function windowed(): FieldPolicy<Window> {
  return {
    keyArgs: ["@connection", ["key"]],
    read: (known, { canRead }) => {
      if (known?.edges?.every((edge) => canRead(edge.node)) ?? true) return known;
      return { ...known, edges: known?.edges?.filter((edge) => canRead(edge.node)) };
    },
    // `existingData` survives refetch(), which hands merge functions an undefined `existing`.
    merge: (_, incoming, { args, existingData }) => join(existingData as Window | undefined, incoming, args ?? {}),
  };
}

export function join(known: Window | undefined, incoming: Window, args: Args): Window {
  if (known?.edges === undefined) return incoming;
  if (incoming.edges === undefined) return { ...incoming, ...known };
  const isOlder = incoming.revision !== undefined && known.revision !== undefined && incoming.revision < known.revision;
  const revision = isOlder ? incoming.revision : known.revision;
  if (args.before != null || args.after != null) return { ...(splice(known, incoming, args) ?? known), revision };
  // An answer that was read before what is shown. Its rows are no use, and its revision says: fetch once more.
  if (isOlder) return { ...known, revision };
  return splice(known, incoming, args) ?? incoming;
}

/** Undefined where a gap would show. */
function splice(known: Window, incoming: Window, args: Args): Window | undefined {
  const rows = known.edges ?? [];
  const fresh = unchanged(rows, incoming.edges ?? []);
  const { left, right } = neighbours(rows, fresh) ?? adjacent(known, args) ?? {};
  if (left === undefined || right === undefined) return undefined;
  const isHead = args.after == null && incoming.pageInfo?.hasPreviousPage === false;
  const isTail = args.before == null && incoming.pageInfo?.hasNextPage === false;
  const news = new Set(fresh.map((edge) => edge.node.__ref));
  const before = isHead ? [] : left.filter((edge) => !news.has(edge.node.__ref));
  const { revision = Number.POSITIVE_INFINITY } = incoming;
  const later = isTail ? rows.filter(({ sentWith = 0 }) => sentWith > revision) : right;
  const after = later.filter((edge) => !news.has(edge.node.__ref));
  return {
    ...known,
    ...incoming,
    edges: [...before, ...fresh, ...after],
    pageInfo: pageInfo(known.pageInfo, incoming.pageInfo, before.length > 0, !isTail && after.length > 0),
  };
}

/** As they are known, where they say the same: Apollo computes and keeps a result for each edge that it has not met. */
function unchanged(rows: readonly Edge[], fresh: readonly Edge[]): readonly Edge[] {
  const known = new Map(rows.map((edge) => [edge.node.__ref, edge]));
  return fresh.map((edge) => {
    const before = known.get(edge.node.__ref);
    return before !== undefined && isSame(before, edge) ? before : edge;
  });
}

function isSame({ node: _, ...known }: Edge, { node: __, ...fresh }: Edge): boolean {
  const [before, after] = [new Map(Object.entries(known)), Object.entries(fresh)];
  return before.size === after.length && after.every(([name, value]) => before.get(name) === value);
}

/** The known rows on both sides of the fresh ones, if these overlap them. */
function neighbours(rows: readonly Edge[], fresh: readonly Edge[]): Sides | undefined {
  const place = new Map(rows.map((edge, index) => [edge.node.__ref, index]));
  const at = (edge: Edge | undefined) => edge && place.get(edge.node.__ref);
  if (!fresh.some((edge) => place.has(edge.node.__ref))) return undefined;
  const [first, last] = [at(fresh[0]), at(fresh.at(-1))];
  // Where a fresh end is not among the known rows, the fresh ones reach farther, and what they left out is deleted.
  return {
    left: first === undefined ? [] : rows.slice(0, first),
    right: last === undefined ? [] : rows.slice(last + 1),
  };
}

/** Without an overlap, they join where the page asked for what comes before its first row, or after its last. */
function adjacent({ edges = [], pageInfo }: Window, { before, after }: Args): Sides | undefined {
  if (before != null && before === pageInfo?.startCursor) return { left: [], right: edges };
  if (after != null && after === pageInfo?.endCursor) return { left: edges, right: [] };
  return undefined;
}

interface Sides {
  readonly left: readonly Edge[];
  readonly right: readonly Edge[];
}

function pageInfo(
  known: PageInfo | undefined,
  incoming: PageInfo | undefined,
  keepsLeft: boolean,
  keepsRight: boolean,
): PageInfo | undefined {
  if (known === undefined || incoming === undefined) return incoming ?? known;
  const { hasPreviousPage, startCursor } = keepsLeft ? known : incoming;
  const { hasNextPage, endCursor } = keepsRight ? known : incoming;
  return { ...incoming, hasPreviousPage, startCursor, hasNextPage, endCursor };
}
