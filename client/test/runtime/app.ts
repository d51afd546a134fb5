/** What an app without a browser does with the package. Bundled, and run by `bare.mjs`. */

import { ApolloClient, InMemoryCache } from "@apollo/client";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { createConnection, createIdempotencyKey, type LiveMessage, messageStream, pacer } from "@twotrack/client";
import { revisioned, twotrackLink } from "@twotrack/client/apollo";
import type { SendMessageInput } from "@twotrack/client/operations";
import { createTwotrackClient } from "@twotrack/client/urql";
import { parse } from "graphql";

const MESSAGE = parse(
  `query Message { message(id: "message-1") { id revision status streaming content } }`,
) as TypedDocumentNode<{ message: LiveMessage }, Record<string, never>>;

const SEND = parse(
  "mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { message { id content } } }",
) as TypedDocumentNode<{ sendMessage: { message: { content: string } } }, { input: SendMessageInput }>;

/** Resolves to what the app has seen. */
export async function run(url: string): Promise<Record<string, unknown>> {
  const connection = createConnection({ url });
  const transports = new Set<string>();
  connection.onStatus(() => transports.add(connection.state().transport));
  const { message } = await connection.query(MESSAGE);
  const followed = connection.follow(messageStream, message);
  const texts = [message.content];
  const pace = pacer();
  await new Promise<void>((done) => {
    const unsubscribe = followed.subscribe(() => {
      const { content, streaming } = followed.getSnapshot();
      if (texts.at(-1) !== content) texts.push(content);
      pace.update(content, streaming);
      connection.wake();
      if (streaming) return;
      unsubscribe();
      done();
    });
  });

  const whole = texts.at(-1);
  await new Promise<void>((done) => {
    const check = () => pace.shown() === whole && done();
    pace.subscribe(check);
    check();
  });
  const sent = [(await connection.query(SEND, newMessage("by itself"))).sendMessage.message.content];

  const apollo = new ApolloClient({ cache: revisioned(new InMemoryCache()), link: twotrackLink(connection) });
  const fromApollo = await apollo.query({ query: MESSAGE });
  const sentByApollo = await apollo.mutate({ mutation: SEND, variables: newMessage("by Apollo") });
  sent.push(String(sentByApollo.data?.sendMessage.message.content));
  apollo.stop();
  const urql = createTwotrackClient({ url });
  const fromUrql = await urql.query(MESSAGE, {}).toPromise();
  const sentByUrql = await urql.mutation(SEND, newMessage("by urql")).toPromise();
  sent.push(String(sentByUrql.data?.sendMessage.message.content));
  urql.connection.close();
  connection.close();
  const keys = new Set(Array.from({ length: 100 }, createIdempotencyKey));
  return {
    texts,
    sent,
    transports: [...transports],
    apollo: fromApollo.data?.message.content,
    urql: fromUrql.data?.message.content,
    keys: keys.size,
  };
}

function newMessage(content: string): { input: SendMessageInput } {
  return { input: { chatId: "chat-1", content, idempotencyKey: createIdempotencyKey() } };
}
