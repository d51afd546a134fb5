/** Replaces a subscription by queries of the same meaning, for clients that get no stream. */

import {
  type DocumentNode,
  type FieldNode,
  type InlineFragmentNode,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  print,
  valueFromASTUntyped,
} from "graphql";
import type { StreamedType } from "../subscription/defineStream.ts";
import { tolerant } from "./errors.ts";
import type { Payload, Result } from "./transport.ts";

/** Sends a query. */
export type Ask = (payload: Payload) => Promise<Result>;

/** One round of queries. Resolves to the results that a subscriber would have received. */
export type Poll = (ask: Ask) => Promise<Result[]>;

/** Undefined for a subscription that no query can replace. */
export function pollFor(payload: Payload, streams: readonly StreamedType[]): Poll | undefined {
  const document = parse(payload.query);
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const [field] = (operation?.selectionSet.selections ?? []) as readonly FieldNode[];
  if (operation === undefined || field === undefined) return undefined;
  if (field.name.value === "sync") return syncPoll(payload, field);
  const stream = streams.find((stream) => stream.field === field.name.value);
  return stream && streamPoll(payload, document, operation, field, stream);
}

function streamPoll(
  payload: Payload,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  field: FieldNode,
  { type, poll }: StreamedType,
): Poll {
  const key = keyOf(field);
  // Also valid if `poll` returns an interface, such as `node`.
  const onType: InlineFragmentNode = {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type } },
    selectionSet: { kind: Kind.SELECTION_SET, selections: field.selectionSet?.selections ?? [] },
  };
  const polled: FieldNode = {
    ...field,
    alias: { kind: Kind.NAME, value: key },
    name: { kind: Kind.NAME, value: poll },
    selectionSet: { kind: Kind.SELECTION_SET, selections: [onType] },
  };
  const query: OperationDefinitionNode = {
    ...operation,
    operation: OperationTypeNode.QUERY,
    selectionSet: { kind: Kind.SELECTION_SET, selections: [polled] },
  };
  const definitions = document.definitions.map((definition) => (definition === operation ? query : definition));
  const source = print({ ...document, definitions });
  return async (ask) => {
    const result = await ask({ ...payload, query: source });
    return result.data?.[key] === null && !result.errors ? [notFound(type)] : [validated(result)];
  };
}

/** A query returns null where a subscription returns this error. */
function notFound(type: string): Result {
  const message = `${type} not found, or you do not have access to it.`;
  return { data: null, errors: [{ message, extensions: { code: "NOT_FOUND" } }] };
}

const TYPE_QUERY = "query Type($id: ID!) { node(id: $id) { __typename } }";

function revisionQuery(type: string): string {
  return `query Revision($id: ID!) { node(id: $id) { ... on ${type} { revision } } }`;
}

/** Only the server knows the types of the objects, so the first round queries them. */
function syncPoll({ variables }: Payload, field: FieldNode): Poll {
  const argument = field.arguments?.find(({ name }) => name.value === "ids");
  const ids: string[] = argument ? [valueFromASTUntyped(argument.value, variables ?? {}) as string].flat() : [];
  const types = new Map<string, string>();
  const node = async (ask: Ask, id: string, query: string, operationName: string) => {
    const result = validated(await ask({ query, operationName, variables: { id } }));
    return { errors: result.errors, node: result.data?.node as { __typename?: string; revision?: number } | null };
  };
  const poll = async (ask: Ask, id: string): Promise<Result> => {
    if (!types.has(id)) {
      const { errors, node: typed } = await node(ask, id, TYPE_QUERY, "Type");
      if (errors) return { errors };
      if (typed?.__typename !== undefined) types.set(id, typed.__typename);
    }
    const type = types.get(id);
    if (type === undefined) return event(id, undefined);
    const { errors, node: revised } = await node(ask, id, revisionQuery(type), "Revision");
    return errors ? { errors } : event(id, revised?.revision);
  };
  const event = (id: string, revision: number | undefined): Result => ({
    data: {
      [keyOf(field)]: { __typename: "SyncEvent", id, revision: revision ?? 0, deleted: revision === undefined },
    },
  });
  return (ask) => Promise.all(ids.map((id) => poll(ask, id)));
}

/** Throws if this is not a GraphQL response: a proxy's JSON must not look like a deleted object. */
function validated(result: Result): Result {
  if (result.data === undefined && result.errors === undefined)
    throw new Error("The response is not a GraphQL result; a proxy may have answered in place of the server.");
  return tolerant(result);
}

function keyOf(field: FieldNode): string {
  return field.alias?.value ?? field.name.value;
}
