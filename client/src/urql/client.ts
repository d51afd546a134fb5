/** A urql client for a Twotrack server: queries over HTTP, subscriptions that reconnect. */

import {
  Client,
  type ClientOptions,
  cacheExchange,
  type Exchange,
  fetchExchange,
  subscriptionExchange,
} from "@urql/core";
import { type Connection, type ConnectionOptions, createConnection } from "../core/connection.ts";

export interface TwotrackClientOptions extends ConnectionOptions {
  /** The exchanges before the network, such as graphcache's `cacheExchange`. Default: urql's document cache. */
  exchanges?: Exchange[];
}

export interface TwotrackClient extends Client {
  readonly connection: Connection;
}

export function createTwotrackClient(options: TwotrackClientOptions): TwotrackClient {
  const { exchanges = [cacheExchange], ...rest } = options;
  const connection = createConnection(rest);
  const settings: ClientOptions = {
    url: connection.url,
    fetch: connection.fetch,
    preferGetMethod: false,
    exchanges: [
      ...exchanges,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = "", variables, operationName }) => ({
          subscribe: (sink) => ({ unsubscribe: connection.subscribe({ query, variables, operationName }, sink) }),
        }),
      }),
    ],
  };
  return Object.assign(new Client(settings), { connection });
}
