/** What is followed, asked for as a query: for those who get no stream. */

import {
  type DocumentNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  print,
  valueFromASTUntyped,
} from "graphql";
import type { Payload, Result } from "./transport.ts";

export type Ask = (payload: Payload) => Promise<Result>;

/** Undefined for subscriptions that have no query of the same meaning. */
export function polling(payload: Payload): ((ask: Ask) => Promise<Result[]>) | undefined {
  const document = parse(payload.query);
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const [field] = (operation?.selectionSet.selections ?? []) as readonly FieldNode[];
  if (operation === undefined || field === undefined) return undefined;
  if (field.name.value === "messageStream") return pollingMessage(payload, document, operation, field);
  if (field.name.value === "sync") return pollingSync(payload, field);
  return undefined;
}

function pollingMessage(
  payload: Payload,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  field: FieldNode,
) {
  const key = nameOf(field);
  const asked: FieldNode = {
    ...field,
    alias: { kind: Kind.NAME, value: key },
    name: { kind: Kind.NAME, value: "message" },
  };
  const query: OperationDefinitionNode = {
    ...operation,
    operation: OperationTypeNode.QUERY,
    selectionSet: { kind: Kind.SELECTION_SET, selections: [asked] },
  };
  const definitions = document.definitions.map((definition) => (definition === operation ? query : definition));
  const source = print({ ...document, definitions });
  return async (ask: Ask): Promise<Result[]> => {
    const result = await ask({ ...payload, query: source });
    return result.data?.[key] === null && !result.errors ? [GONE] : [answered(result)];
  };
}

/** A subscriber is told so by an error; a query just finds nothing. */
const GONE: Result = {
  data: null,
  errors: [{ message: "There is no such message.", extensions: { code: "NOT_FOUND" } }],
};

const REVISION = `query Revision($id: ID!) {
  node(id: $id) { id ... on Chat { revision } ... on Viewer { revision } }
}`;

function pollingSync({ variables }: Payload, field: FieldNode) {
  const argument = field.arguments?.find(({ name }) => name.value === "ids");
  const ids = argument ? [valueFromASTUntyped(argument.value, variables ?? {})].flat() : [];
  return (ask: Ask): Promise<Result[]> =>
    Promise.all(
      ids.map(async (id) => {
        const result = await ask({ query: REVISION, operationName: "Revision", variables: { id } });
        if (result.errors) return result;
        const node = answered(result).data?.node as { revision?: number } | null;
        const event = { __typename: "SyncEvent", id, revision: node?.revision ?? 0, deleted: node === null };
        return { data: { [nameOf(field)]: event } };
      }),
    );
}

/** A proxy's JSON says nothing of what was asked, and so nothing of what is gone. */
function answered(result: Result): Result {
  if (result.data === undefined && result.errors === undefined) throw new Error("This is no answer to a query.");
  return result;
}

function nameOf(field: FieldNode): string {
  return field.alias?.value ?? field.name.value;
}
