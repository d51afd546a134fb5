/** Tells the answers of a Twotrack server from the failures that a gateway in between reports as GraphQL errors. */

import type { GraphQLFormattedError } from "graphql";
import type { Result } from "./transport.ts";

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

/**
 * The result without its errors, if all of them are stored values that the server could not read. Each costs its own
 * field, and says nothing about the rest. Any other result is returned as it is.
 */
export function tolerant<Given extends Result>(result: Given): Given {
  const { errors, ...rest } = result;
  const fields = Object.values(result.data ?? {});
  const isWhole = fields.length > 0 && fields.every((field) => field != null);
  return isWhole && errors?.every(({ extensions }) => extensions?.reason === "UNREADABLE") ? (rest as Given) : result;
}

/** True if asking again would give the same error. False if a gateway lost its connection to the server. */
export function isAnswer(error: GraphQLFormattedError): boolean {
  return ownError(error) !== undefined || DOCUMENT_REJECTED.test(String(error.extensions?.code));
}
