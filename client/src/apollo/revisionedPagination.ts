/**
 * A field policy that merges pages of a connection which has a revision beside its edges.
 *
 * The revision says how new the rows are at least, so rows and revision must stay together. A response without a cursor
 * (the page's own query) brings its revision. A response that adds older rows does not change it.
 */

import type { FieldPolicy, Reference } from "@apollo/client";

export interface Edge {
  readonly node: Reference;
  readonly cursor?: string;
  /** Set on edges from a mutation's payload. A response with a smaller revision cannot contain them. */
  readonly addedAtRevision?: number;
}

export interface PageInfo {
  readonly hasNextPage?: boolean;
  readonly hasPreviousPage?: boolean;
  readonly startCursor?: string | null;
  readonly endCursor?: string | null;
}

/** The consecutive edges of a connection that are cached. */
export interface Page {
  readonly revision?: number;
  readonly edges?: readonly Edge[];
  readonly pageInfo?: PageInfo;
}

interface Args {
  readonly before?: string | null;
  readonly after?: string | null;
}

/**
 * For any connection field that has `revision`, `edges` and `pageInfo`:
 * `typePolicies: { Viewer: { fields: { notes: revisionedPagination() } } }`.
 *
 * `@connection(key: …)` stores a connection separately, for example the last message of each chat in a list.
 */
export function revisionedPagination(): FieldPolicy<Page> {
  return {
    keyArgs: ["@connection", ["key"]],
    read: (known, { canRead }) => {
      if (known?.edges?.every((edge) => canRead(edge.node)) ?? true) return known;
      return { ...known, edges: known?.edges?.filter((edge) => canRead(edge.node)) };
    },
    // `existingData` survives refetch(), for which `existing` is undefined.
    merge: (_, incoming, { args, existingData }) => mergePages(existingData as Page | undefined, incoming, args ?? {}),
  };
}

export function mergePages(known: Page | undefined, incoming: Page, args: Args): Page {
  if (known?.edges === undefined) return incoming;
  if (incoming.edges === undefined) return { ...incoming, ...known };
  const isOlder = incoming.revision !== undefined && known.revision !== undefined && incoming.revision < known.revision;
  const revision = isOlder ? incoming.revision : known.revision;
  if (args.before != null || args.after != null) return { ...(splice(known, incoming, args) ?? known), revision };
  // The response was read before what is cached. Its rows are obsolete; its revision makes the page refetch.
  if (isOlder) return { ...known, revision };
  return splice(known, incoming, args) ?? incoming;
}

/** Undefined if the two pages would leave a gap. */
function splice(known: Page, incoming: Page, args: Args): Page | undefined {
  const rows = known.edges ?? [];
  const fresh = reuseEqual(rows, incoming.edges ?? []);
  const { left, right } = neighbours(rows, fresh) ?? adjacent(known, args) ?? {};
  if (left === undefined || right === undefined) return undefined;
  const isHead = args.after == null && incoming.pageInfo?.hasPreviousPage === false;
  const isTail = args.before == null && incoming.pageInfo?.hasNextPage === false;
  const freshRefs = new Set(fresh.map((edge) => edge.node.__ref));
  const before = isHead ? [] : left.filter((edge) => !freshRefs.has(edge.node.__ref));
  const { revision = Number.POSITIVE_INFINITY } = incoming;
  const later = isTail ? rows.filter(({ addedAtRevision = 0 }) => addedAtRevision > revision) : right;
  const after = later.filter((edge) => !freshRefs.has(edge.node.__ref));
  return {
    ...known,
    ...incoming,
    edges: [...before, ...fresh, ...after],
    pageInfo: pageInfo(known.pageInfo, incoming.pageInfo, before.length > 0, !isTail && after.length > 0),
  };
}

/** Keeps the known edge if the fresh one is equal: Apollo computes and stores a result for each new edge object. */
function reuseEqual(rows: readonly Edge[], fresh: readonly Edge[]): readonly Edge[] {
  const known = new Map(rows.map((edge) => [edge.node.__ref, edge]));
  return fresh.map((edge) => {
    const before = known.get(edge.node.__ref);
    return before !== undefined && areEqual(before, edge) ? before : edge;
  });
}

function areEqual({ node: _, ...known }: Edge, { node: __, ...fresh }: Edge): boolean {
  const [before, after] = [new Map(Object.entries(known)), Object.entries(fresh)];
  return before.size === after.length && after.every(([name, value]) => before.get(name) === value);
}

/** The known rows on both sides of the fresh ones, if the pages overlap. */
function neighbours(rows: readonly Edge[], fresh: readonly Edge[]): Sides | undefined {
  const place = new Map(rows.map((edge, index) => [edge.node.__ref, index]));
  const at = (edge: Edge | undefined) => edge && place.get(edge.node.__ref);
  if (!fresh.some((edge) => place.has(edge.node.__ref))) return undefined;
  const [first, last] = [at(fresh[0]), at(fresh.at(-1))];
  // If a fresh end is not a known row, the fresh page reaches farther, and known rows that it lacks were deleted.
  return {
    left: first === undefined ? [] : rows.slice(0, first),
    right: last === undefined ? [] : rows.slice(last + 1),
  };
}

/** Without an overlap, the pages join if the query asked for what comes before the first known row, or after the last. */
function adjacent({ edges = [], pageInfo }: Page, { before, after }: Args): Sides | undefined {
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
