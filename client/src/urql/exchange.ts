/** A terminating exchange for an urql client: queries and mutations over HTTP, subscriptions that reconnect. */

import {
  type Client,
  composeExchanges,
  type Exchange,
  fetchExchange,
  makeOperation,
  mapExchange,
  subscriptionExchange,
} from "@urql/core";
import type { Connection } from "../core/connection.ts";
import type { Sink } from "../core/transport/transport.ts";
import { framesOf } from "./frames.ts";

const connections = new WeakMap<Client, Connection>();

/** Use it as the last exchange: `exchanges: [cacheExchange, twotrackExchange(connection)]`. */
export function twotrackExchange(connection: Connection): Exchange {
  const exchange = composeExchanges([
    // The client's own `url` and `fetch` do not count: token, retries and sync belong to the connection.
    mapExchange({
      onOperation: (operation) =>
        makeOperation(operation.kind, operation, {
          ...operation.context,
          url: connection.url,
          fetch: connection.fetch,
          preferGetMethod: false,
        }),
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

/** Undefined if the client has no `twotrackExchange`. */
export function connectionOf(client: Client): Connection | undefined {
  return connections.get(client);
}
