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
      forwardSubscription: ({ query = "", variables, operationName }) => ({
        subscribe: (sink) => ({ unsubscribe: connection.subscribe({ query, variables, operationName }, sink) }),
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
