/** A terminating link for an Apollo client: queries and mutations over HTTP, subscriptions that reconnect. */

import { type ApolloClient, ApolloLink, HttpLink, Observable } from "@apollo/client";
import { isSubscriptionOperation, print } from "@apollo/client/utilities";
import type { Connection } from "../core/connection.ts";
import { tolerant } from "../core/transport/errors.ts";

const connections = new WeakMap<ApolloClient, Connection>();

export class TwotrackLink extends ApolloLink {
  readonly connection: Connection;

  constructor(connection: Connection) {
    const http = tolerating.concat(new HttpLink({ uri: connection.url, fetch: connection.fetch }));
    const link = ApolloLink.split(({ query }) => isSubscriptionOperation(query), subscriptionLink(connection), http);
    super((operation, forward) => {
      connections.set(operation.client, connection);
      return link.request(operation, forward);
    });
    this.connection = connection;
  }
}

/** By default, Apollo would withhold a whole page for one error in it. */
const tolerating = new ApolloLink(
  (operation, forward) =>
    new Observable((observer) =>
      forward(operation).subscribe({
        next: (result) => observer.next(tolerant(result)),
        error: (cause) => observer.error(cause),
        complete: () => observer.complete(),
      }),
    ),
);

/** Use it as the last link: `link: ApolloLink.from([yours, twotrackLink(connection)])`. */
export function twotrackLink(connection: Connection): ApolloLink {
  return new TwotrackLink(connection);
}

/** Undefined if the client has no `twotrackLink`, or hides it in a link of its own and has executed nothing yet. */
export function connectionOf(client: ApolloClient): Connection | undefined {
  return connectionIn(client.link) ?? connections.get(client);
}

function connectionIn(link: ApolloLink | undefined): Connection | undefined {
  if (link === undefined) return undefined;
  return link instanceof TwotrackLink ? link.connection : (connectionIn(link.left) ?? connectionIn(link.right));
}

function subscriptionLink(connection: Connection): ApolloLink {
  return new ApolloLink(
    ({ query, variables, operationName, extensions }) =>
      new Observable((observer) =>
        connection.subscribe({ query: print(query), variables, operationName, extensions }, observer),
      ),
  );
}
