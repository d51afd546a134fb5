/** A terminating exchange for an urql client: queries and mutations over HTTP, subscriptions that reconnect. */

import {
  type Client,
  composeExchanges,
  type Exchange,
  fetchExchange,
  makeOperation,
  mapExchange,
  type OperationResult,
  subscriptionExchange,
} from "@urql/core";
import type { Connection } from "../core/connection.ts";
import { tolerant } from "../core/transport/errors.ts";
import type { Sink } from "../core/transport/transport.ts";
import { framesOf } from "./frames.ts";
import { fetchingLongPages } from "./longPages.ts";

const connections = new WeakMap<Client, Connection>();

/**
 * Use it as the last exchange: `exchanges: [cacheExchange, twotrackExchange(connection)]`. If a query asks for more than
 * 100 rows with variables, as in `messages(last: $last, before: $before)`, it is sent as several requests.
 */
export function twotrackExchange(connection: Connection): Exchange {
  const exchange = composeExchanges([
    // The client's own `url` and `fetch` do not count: token, retries and sync belong to the connection.
    mapExchange({
      onOperation: (operation) =>
        makeOperation(operation.kind, operation, {
          ...operation.context,
          url: connection.url,
          fetch: operation.kind === "query" ? fetchingLongPages(operation, connection.fetch) : connection.fetch,
          preferGetMethod: false,
        }),
      onResult: withoutUnreadable,
    }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = "", variables, operationName }, operation) => ({
        subscribe(sink) {
          const { take, result } = framesOf(operation);
          const next: Sink["next"] = (received) => {
            if (!take?.(received)) sink.next(received);
          };
          if (result === undefined)
            return { unsubscribe: connection.subscribe({ query, variables, operationName }, { ...sink, next }) };
          next(result);
          sink.complete();
          return { unsubscribe: () => {} };
        },
      }),
    }),
  ]);
  return (input) => {
    connections.set(input.client, connection);
    return exchange(input);
  };
}

function withoutUnreadable(result: OperationResult): OperationResult {
  const errors = result.error?.graphQLErrors ?? [];
  const isTolerable = errors.length > 0 && tolerant({ data: result.data, errors }).errors === undefined;
  return isTolerable ? { ...result, error: undefined } : result;
}

/** Undefined if the client has no `twotrackExchange`. */
export function connectionOf(client: Client): Connection | undefined {
  return connections.get(client);
}
