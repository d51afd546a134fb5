/** An Apollo client for a Twotrack server: queries over HTTP, subscriptions that last, a cache that never goes back. */

import { ApolloClient, ApolloLink, HttpLink, Observable } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";
import { isSubscriptionOperation, print } from "@apollo/client/utilities";
import { backoff } from "../core/backoff.ts";
import { type Connection, type ConnectionOptions, createConnection } from "../core/connection.ts";
import { authorized } from "./authorized.ts";
import { TwotrackCache } from "./cache.ts";

const QUERY_ATTEMPTS = 5; // four seconds or so: a server that restarts is back by then

export interface TwotrackClientOptions extends ConnectionOptions {
  cache?: TwotrackCache;
  fetch?: typeof fetch;
}

export class TwotrackClient extends ApolloClient {
  readonly connection: Connection;

  constructor({ cache = new TwotrackCache(), fetch, ...options }: TwotrackClientOptions) {
    const connection = createConnection(options);
    const http = ApolloLink.from([
      retryingQueries(),
      authorized(connection.tokens),
      new HttpLink({ uri: connection.url, ...(fetch && { fetch }) }),
    ]);
    super({
      cache,
      link: ApolloLink.split(({ query }) => isSubscriptionOperation(query), subscribing(connection), http),
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

/** A mutation is not repeated behind its sender's back: it may have been done. What has an answer is not either. */
function retryingQueries(): ApolloLink {
  return new RetryLink({
    delay: (attempt) => backoff(attempt),
    attempts: (attempt, { operationType }, error) =>
      attempt < QUERY_ATTEMPTS && operationType === "query" && isTransient(error),
  });
}

function isTransient(error: unknown): boolean {
  const status = (error as { statusCode?: number }).statusCode;
  return status === undefined ? error instanceof TypeError : status >= 502 && status <= 504;
}
