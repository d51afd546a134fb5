/** A urql client for a Twotrack server: queries over HTTP, subscriptions that reconnect. */

import { Client, type ClientOptions, cacheExchange, type Exchange } from "@urql/core";
import { type Connection, type ConnectionOptions, createConnection } from "../core/connection.ts";
import { twotrackExchange } from "./exchange.ts";

/** The options of the connection, and all of urql's `Client`. */
export interface TwotrackClientOptions
  extends ConnectionOptions,
    Omit<ClientOptions, "url" | "fetch" | "exchanges" | "preferGetMethod"> {
  /** The exchanges before the network, such as graphcache's `cacheExchange`. Default: urql's document cache. */
  exchanges?: Exchange[];
}

export interface TwotrackClient extends Client {
  readonly connection: Connection;
}

export function createTwotrackClient(options: TwotrackClientOptions): TwotrackClient {
  const { url, token, streams, fetch, webSocketImpl, random, onEvent, ...rest } = options;
  const { exchanges = [cacheExchange], ...clientOptions } = rest;
  const connection = createConnection({ url, token, streams, fetch, webSocketImpl, random, onEvent });
  const client = new Client({
    ...clientOptions,
    url: connection.url,
    exchanges: [...exchanges, twotrackExchange(connection)],
  });
  return Object.assign(client, { connection });
}
