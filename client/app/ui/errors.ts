/** Error texts for the user, and error codes for the page. */

import { CombinedGraphQLErrors } from "@apollo/client";

export function errorMessage(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return error.errors[0]?.message ?? "Something went wrong. Try again.";
  return navigator.onLine ? "The server cannot be reached. Try again in a moment." : "You are offline.";
}

/** Undefined if the server did not answer. */
export function errorCode(error: unknown): string | undefined {
  return CombinedGraphQLErrors.is(error) ? String(error.errors[0]?.extensions?.code) : undefined;
}
