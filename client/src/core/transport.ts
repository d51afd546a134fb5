/** What a subscription needs from below: the shape that graphql-ws and graphql-sse clients share. */

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
  /** Returns its own undo. */
  subscribe(payload: Payload, sink: Sink): () => void;
}

/** graphql-ws hands a refused operation to `sink.error` as a list; anything else there is a broken connection. */
export function isRefusal(cause: unknown): cause is readonly GraphQLFormattedError[] {
  return Array.isArray(cause) && cause.length > 0 && cause.every((error) => typeof error?.message === "string");
}
