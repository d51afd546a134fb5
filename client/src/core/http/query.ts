/** Sends one query or mutation, without a GraphQL client. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { type DocumentNode, type GraphQLFormattedError, Kind, print } from "graphql";
import { tolerant } from "../transport/errors.ts";
import type { Result } from "../transport/transport.ts";

/** The server answered with errors. `errors` has all of them, with their codes. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super(errors.map(({ message }) => message).join("\n"));
    this.errors = errors;
  }
}

export async function query<Data, Variables>(
  fetch: typeof globalThis.fetch,
  url: string,
  document: TypedDocumentNode<Data, Variables>,
  variables?: Variables,
): Promise<Data> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json, application/json" },
    body: JSON.stringify({ query: print(document), operationName: nameOf(document), variables }),
  });
  const { data, errors } = tolerant((await response.json()) as Result);
  if (errors?.length) throw new QueryError(errors);
  return data as Data;
}

function nameOf({ definitions }: DocumentNode): string | undefined {
  return definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)?.name?.value;
}
