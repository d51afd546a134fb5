/** How a subscription is executed: the shape that graphql-ws and graphql-sse clients share. */

import type { FormattedExecutionResult, GraphQLFormattedError } from "graphql";

export type Result = FormattedExecutionResult<Record<string, unknown>, Record<string, unknown>>;

export interface Payload {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
  readonly extensions?: Record<string, unknown> | null | undefined;
}

export interface Sink {
  next(result: Result): void;
  error(cause: unknown): void;
  complete(): void;
}

export interface Transport {
  /** Returns a function that unsubscribes. */
  subscribe(payload: Payload, sink: Sink): () => void;
}

/** True for GraphQL errors: graphql-ws passes those of a rejected operation to `sink.error`, as a list. */
export function areGraphQLErrors(cause: unknown): cause is readonly GraphQLFormattedError[] {
  return Array.isArray(cause) && cause.length > 0 && cause.every((error) => typeof error?.message === "string");
}
