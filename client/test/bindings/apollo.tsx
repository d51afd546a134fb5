/** The Apollo binding. */

import type { TypedDocumentNode } from "@apollo/client";
import { ApolloProvider, useMutation, useQuery } from "@apollo/client/react";
import WebSocket from "ws";
import {
  addSent,
  createTwotrackClient,
  revisionedPagination,
  type SendMessagePayload,
  TwotrackCache,
} from "../../src/apollo/index.ts";
import { useMessageStream, useStream, useSync } from "../../src/apollo/react/index.ts";
import { type Binding, SEND } from "./harness.tsx";

export const apollo: Binding = {
  name: "Apollo",
  isNonreactive: true,
  keepsPage: true,
  cachesFrames: true,
  connect(server, options = {}) {
    const cache = new TwotrackCache({ typePolicies: { Notebook: { fields: { notes: revisionedPagination() } } } });
    const { url, fetch } = server;
    const client = createTwotrackClient({ url, fetch, webSocketImpl: WebSocket, cache, ...options });
    return {
      wrap: (page) => <ApolloProvider client={client}>{page}</ApolloProvider>,
      status: () => client.connection.status(),
      close: () => client.stop(),
    };
  },
  useMessageStream: (message, options) => useMessageStream(message, options) as typeof message,
  useStream: (definition, object) => useStream(definition, object) as typeof object,
  useSync,
  useQuery<Data>(query: TypedDocumentNode<Data, { id: string }>, id: string) {
    const { data, refetch } = useQuery(query, { variables: { id } });
    return { data: data as Data | undefined, refetch };
  },
  useSend(chatId) {
    const [send] = useMutation(SEND, {
      update: (cache, { data }) => addSent(cache, data?.sendMessage as SendMessagePayload),
    });
    return (content) => send({ variables: { input: { chatId, content, idempotencyKey: content } } });
  },
};
