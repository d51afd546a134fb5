/** An Apollo client for a Twotrack server: queries over HTTP, subscriptions that last, a cache that never goes back. */

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

  constructor({ cache = new TwotrackCache(), ...options }: TwotrackClientOptions) {
    const connection = createConnection(options);
    super({
      cache,
      link: ApolloLink.split(
        ({ query }) => isSubscriptionOperation(query),
        subscribing(connection),
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

function subscribing(connection: Connection): ApolloLink {
  return new ApolloLink(
    ({ query, variables, operationName, extensions }) =>
      new Observable((observer) =>
        connection.subscribe({ query: print(query), variables, operationName, extensions }, observer),
      ),
  );
}
