/** What happens to a connection, for logs and developer tools. */

import type { GraphQLFormattedError } from "graphql";

export type ConnectionEvent =
  /** The server has accepted a WebSocket. */
  | { readonly type: "connect" }
  /** A WebSocket was closed, or could not be opened (`wasOpen: false`). */
  | {
      readonly type: "disconnect";
      readonly code: number | undefined;
      readonly reason: string;
      readonly wasOpen: boolean;
    }
  /** Subscriptions use HTTP from now on. */
  | { readonly type: "fallback"; readonly cause: string }
  /** Subscriptions are sent again after the delay. With an operation: only this one, for these errors. */
  | {
      readonly type: "retry";
      readonly delayMs: number;
      readonly operation?: string | undefined;
      readonly errors?: readonly GraphQLFormattedError[] | undefined;
    }
  /** The server refused a subscription, so it has ended. */
  | {
      readonly type: "refusal";
      readonly operation: string | undefined;
      readonly errors: readonly GraphQLFormattedError[];
    };

export type EventListener = (event: ConnectionEvent) => void;

/** A listener that throws must not break the connection. */
export function guarded(listener: EventListener = () => {}): EventListener {
  return (event) => {
    try {
      listener(event);
    } catch (error) {
      console.error(error);
    }
  };
}
