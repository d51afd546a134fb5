/**
 * Fetches a page that is longer than the server allows, such as `last: 250`, with several requests. The caches get one
 * result. So both keep all rows through refetches, and a refetch also finds what was edited or deleted in older rows.
 */

import type { Operation } from "@urql/core";
import { type DocumentNode, type FieldNode, Kind, type SelectionSetNode } from "graphql";

const MAX_ROWS = 100; // of one request: the server's limit

/** A connection field of an operation, and the variables of its arguments. */
interface List {
  /** Where the result has it. */
  readonly path: readonly string[];
  readonly size: string;
  readonly cursor: string;
  readonly isBackward: boolean;
}

interface Page {
  edges: readonly unknown[];
  readonly pageInfo?: PageInfo;
}

interface PageInfo {
  hasPreviousPage?: boolean;
  startCursor?: string | null;
  hasNextPage?: boolean;
  endCursor?: string | null;
}

/** Returns the same `fetch`, unless the operation has a variable that asks for more rows than the server returns. */
export function fetchingLongPages(operation: Operation, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  const variables: Record<string, unknown> = operation.variables ?? {};
  const isLong = (name: string) => Number(variables[name]) > MAX_ROWS;
  if (!Object.keys(variables).some(isLong)) return fetch;
  const list = listIn(operation.query);
  if (list === undefined || !isLong(list.size)) return fetch;
  return async (input, init) => {
    if (typeof init?.body !== "string") return fetch(input, init); // a file upload
    const request = JSON.parse(init.body);
    const read = (size: number, cursor: unknown) => {
      const variables = { ...request.variables, [list.size]: size, [list.cursor]: cursor };
      return fetch(input, { ...init, body: JSON.stringify({ ...request, variables }) });
    };
    return join(list, Number(variables[list.size]), variables[list.cursor], read);
  };
}

async function join(
  list: List,
  size: number,
  from: unknown,
  read: (size: number, cursor: unknown) => Promise<Response>,
): Promise<Response> {
  let cursor = from;
  let whole: { readonly result: unknown; readonly page: Page } | undefined;
  for (;;) {
    const response = await read(Math.min(size - (whole?.page.edges.length ?? 0), MAX_ROWS), cursor);
    const text = await response.text();
    const result = parsed(text);
    const page = pageIn(result, list.path);
    if (page === undefined) return answering(response, text); // it failed, or the list is not there
    if (whole === undefined) whole = { result, page };
    else append(whole.page, page, list.isBackward);
    const { edges, pageInfo = {} } = whole.page;
    const hasMore = list.isBackward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage;
    cursor = list.isBackward ? pageInfo.startCursor : pageInfo.endCursor;
    if (hasMore === undefined || cursor === undefined) throw new TypeError(MISSING);
    if (!hasMore || page.edges.length === 0 || edges.length >= size)
      return answering(response, JSON.stringify(whole.result));
  }
}

const MISSING = `To fetch more than ${MAX_ROWS} rows, select pageInfo { hasPreviousPage hasNextPage startCursor endCursor }.`;

/** The revision stays that of the first response: no row is older. */
function append(whole: Page, { edges, pageInfo }: Page, isBackward: boolean): void {
  whole.edges = isBackward ? [...edges, ...whole.edges] : [...whole.edges, ...edges];
  const { hasPreviousPage, startCursor, hasNextPage, endCursor } = pageInfo ?? {};
  Object.assign(whole.pageInfo ?? {}, isBackward ? { hasPreviousPage, startCursor } : { hasNextPage, endCursor });
}

function pageIn(result: unknown, path: readonly string[]): Page | undefined {
  let value = (result as { data?: unknown } | undefined)?.data;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return Array.isArray((value as Page | null | undefined)?.edges) ? (value as Page) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not from our server: the caller reports it
  }
}

/** The response with another text. A plain object, because runtimes differ in what `new Response` accepts. */
function answering({ ok, status, statusText, headers }: Response, text: string): Response {
  return { ok, status, statusText, headers, text: async () => text } as Response;
}

/** The first connection whose size and cursor are variables: `messages(last: $last, before: $before)`. */
function listIn({ definitions }: DocumentNode): List | undefined {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);

  const search = (set: SelectionSetNode | undefined, path: readonly string[]): List | undefined => {
    for (const selection of set?.selections ?? []) {
      let found: List | undefined;
      if (selection.kind === Kind.FIELD) {
        const here = [...path, (selection.alias ?? selection.name).value];
        // Each row would have a list of its own.
        const isRows = selection.name.value === "edges";
        found = listAt(selection, here) ?? (isRows ? undefined : search(selection.selectionSet, here));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) found = search(selection.selectionSet, path);
      else found = search(fragments.get(selection.name.value), path);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return search(operation?.selectionSet, []);
}

function listAt(field: FieldNode, path: readonly string[]): List | undefined {
  const variables = new Map<string, string>();
  for (const { name, value } of field.arguments ?? [])
    if (value.kind === Kind.VARIABLE) variables.set(name.value, value.name.value);
  for (const [sizeName, cursorName] of [
    ["last", "before"],
    ["first", "after"],
  ] as const) {
    const [size, cursor] = [variables.get(sizeName), variables.get(cursorName)];
    if (size !== undefined && cursor !== undefined) return { path, size, cursor, isBackward: sizeName === "last" };
  }
  return undefined;
}
