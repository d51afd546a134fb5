/** Tells the answers of a Twotrack server from the failures that a gateway in between reports as GraphQL errors. */

import type { GraphQLFormattedError } from "graphql";

const OWN_CODES: ReadonlySet<unknown> = new Set([
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "BAD_USER_INPUT",
  "CONFLICT",
  "RATE_LIMITED",
  "LIMIT_EXCEEDED",
  "INTERNAL",
]);

// A gateway that rejects the document itself (GRAPHQL_VALIDATION_FAILED, PERSISTED_QUERY_NOT_FOUND) rejects it again.
const DOCUMENT_REJECTED = /^(GRAPHQL|PERSISTED_QUERY)_/;

/** The error of the Twotrack server: this one, or the one that a gateway has wrapped in `extensions.errors`. */
export function ownError(error: GraphQLFormattedError): GraphQLFormattedError | undefined {
  if (OWN_CODES.has(error.extensions?.code)) return error;
  const wrapped = error.extensions?.errors;
  if (!Array.isArray(wrapped)) return undefined;
  for (const inner of wrapped as GraphQLFormattedError[]) {
    const own = ownError(inner);
    if (own !== undefined) return own;
  }
  return undefined;
}

/** True if asking again would give the same error. False if a gateway lost its connection to the server. */
export function isAnswer(error: GraphQLFormattedError): boolean {
  return ownError(error) !== undefined || DOCUMENT_REJECTED.test(String(error.extensions?.code));
}
