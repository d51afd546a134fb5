/** A urql client for a Twotrack server: queries over HTTP, subscriptions that last. */

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
  /** What stands before the network: urql's document cache, unless you bring `cacheExchange` of graphcache or others. */
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
