/** What an app without a browser does with the package. Bundled, and run by `bare.mjs`. */

import { ApolloClient, InMemoryCache } from "@apollo/client";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { createConnection, createIdempotencyKey, type LiveMessage, messageStream } from "@twotrack/client";
import { revisioned, twotrackLink } from "@twotrack/client/apollo";
import { createTwotrackClient } from "@twotrack/client/urql";
import { parse } from "graphql";

const MESSAGE = parse(
  `query Message { message(id: "message-1") { id revision status streaming content } }`,
) as TypedDocumentNode<{ message: LiveMessage }, Record<string, never>>;

/** Resolves to what the app has seen. */
export async function run(url: string): Promise<Record<string, unknown>> {
  const connection = createConnection({ url });
  const transports = new Set<string>();
  connection.onStatus(() => transports.add(connection.state().transport));
  const { message } = await connection.query(MESSAGE);
  const followed = connection.follow(messageStream, message);
  const texts = [message.content];
  await new Promise<void>((done) => {
    const unsubscribe = followed.subscribe(() => {
      const { content, streaming } = followed.getSnapshot();
      if (texts.at(-1) !== content) texts.push(content);
      connection.wake();
      if (streaming) return;
      unsubscribe();
      done();
    });
  });

  const apollo = new ApolloClient({ cache: revisioned(new InMemoryCache()), link: twotrackLink(connection) });
  const fromApollo = await apollo.query({ query: MESSAGE });
  apollo.stop();
  const urql = createTwotrackClient({ url });
  const fromUrql = await urql.query(MESSAGE, {}).toPromise();
  urql.connection.close();
  connection.close();
  const keys = new Set(Array.from({ length: 100 }, createIdempotencyKey));
  return {
    texts,
    transports: [...transports],
    apollo: fromApollo.data?.message.content,
    urql: fromUrql.data?.message.content,
    keys: keys.size,
  };
}
