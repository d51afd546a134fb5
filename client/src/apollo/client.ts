/** An Apollo client for a Twotrack server: queries over HTTP, subscriptions that reconnect, a cache that keeps the newest. */

import { ApolloClient, ApolloLink, type InMemoryCache } from "@apollo/client";
import { type Connection, type ConnectionOptions, createConnection } from "../core/connection.ts";
import { TwotrackCache } from "./cache.ts";
import { twotrackLink } from "./link.ts";
import { revisioned, streamsOf } from "./revisioned.ts";

/** The options of the connection, and all of `ApolloClient`. */
export interface TwotrackClientOptions
  extends ConnectionOptions,
    Omit<ApolloClient.Options, "cache" | "link" | "uri" | "credentials" | "headers"> {
  /** Made `revisioned` if it is not yet. */
  cache?: InMemoryCache;
  /** Links before the one that reaches the server. */
  link?: ApolloLink;
}

export class TwotrackClient extends ApolloClient {
  declare cache: InMemoryCache;
  readonly connection: Connection;

  constructor(options: TwotrackClientOptions) {
    const { url, token, streams, fetch, webSocketImpl, random, onEvent, ...rest } = options;
    const { cache = new TwotrackCache(), link, ...apolloOptions } = rest;
    const guarded = streamsOf(revisioned(cache, streams)) ?? [];
    const connection = createConnection({ url, token, fetch, webSocketImpl, random, onEvent, streams: guarded });
    const ours = twotrackLink(connection);
    super({ ...apolloOptions, cache, link: link ? ApolloLink.from([link, ours]) : ours });
    this.connection = connection;
  }

  override stop(): void {
    super.stop();
    this.connection.close();
  }
}

export function createTwotrackClient(options: TwotrackClientOptions): TwotrackClient {
  return new TwotrackClient(options);
}
