/** The Apollo binding, for the list that every binding must pass. */

import { ApolloProvider, useMutation, useQuery } from "@apollo/client/react";
import WebSocket from "ws";
import {
  addSent,
  createTwotrackClient,
  type SendMessagePayload,
  useMessageStream,
  useSync,
} from "../../src/apollo/index.ts";
import { type Binding, SEND } from "./harness.tsx";

export const apollo: Binding = {
  name: "Apollo",
  isNonreactive: true,
  keepsPage: true,
  connect(server, options = {}) {
    const client = createTwotrackClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket, ...options });
    return {
      wrap: (page) => <ApolloProvider client={client}>{page}</ApolloProvider>,
      status: () => client.connection.status(),
      close: () => client.stop(),
    };
  },
  useMessageStream: (message, options) => useMessageStream(message, options) as typeof message,
  useSync,
  useChat(query, id) {
    const { data, refetch } = useQuery(query, { variables: { id } });
    return { data, refetch };
  },
  useSend(chatId) {
    const [send] = useMutation(SEND, {
      update: (cache, { data }) => addSent(cache, data?.sendMessage as SendMessagePayload),
    });
    return (content) => send({ variables: { input: { chatId, content, idempotencyKey: content } } });
  },
};
