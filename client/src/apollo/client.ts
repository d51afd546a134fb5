/** An Apollo client for a Twotrack server: queries over HTTP, subscriptions that reconnect, a cache that keeps the newest. */

import { ApolloClient, ApolloLink, HttpLink, Observable } from "@apollo/client";
import { isSubscriptionOperation, print } from "@apollo/client/utilities";
import { type Connection, type ConnectionOptions, createConnection } from "../core/connection.ts";
import { TwotrackCache } from "./cache.ts";

export interface TwotrackClientOptions extends ConnectionOptions {
  cache?: TwotrackCache;
}

export class TwotrackClient extends ApolloClient {
  declare cache: TwotrackCache;
  readonly connection: Connection;

  constructor({ cache = new TwotrackCache(), streams = [], ...options }: TwotrackClientOptions) {
    cache.addStreams(streams);
    const connection = createConnection({ ...options, streams: cache.streams });
    super({
      cache,
      link: ApolloLink.split(
        ({ query }) => isSubscriptionOperation(query),
        subscriptionLink(connection),
        new HttpLink({ uri: connection.url, fetch: connection.fetch }),
      ),
    });
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

function subscriptionLink(connection: Connection): ApolloLink {
  return new ApolloLink(
    ({ query, variables, operationName, extensions }) =>
      new Observable((observer) =>
        connection.subscribe({ query: print(query), variables, operationName, extensions }, observer),
      ),
  );
}
