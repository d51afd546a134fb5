/** The Apollo binding, for the list that every binding must pass. */

import { ApolloProvider, useMutation, useQuery } from "@apollo/client/react";
import WebSocket from "ws";
import { addSent, createTwotrackClient, type Sent, useMessageStream, useSync } from "../../src/apollo/index.ts";
import { type Binding, SEND } from "./harness.tsx";

export const apollo: Binding = {
  name: "Apollo",
  connect(server, options = {}) {
    const client = createTwotrackClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket, ...options });
    return {
      Provider: ({ children }) => <ApolloProvider client={client}>{children}</ApolloProvider>,
      status: () => client.connection.status(),
      close: () => client.stop(),
    };
  },
  useMessageStream: (message, options) => useMessageStream(message, options) as typeof message,
  useSync,
  useChat(query) {
    const { data, refetch } = useQuery(query, { variables: { id: "chat-1" } });
    return { data, refetch };
  },
  useSend() {
    const [send] = useMutation(SEND, { update: (cache, { data }) => addSent(cache, data?.sendMessage as Sent) });
    return (content) => send({ variables: { input: { chatId: "chat-1", content, idempotencyKey: content } } });
  },
};
