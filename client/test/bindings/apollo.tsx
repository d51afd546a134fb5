/** The Apollo binding. */

import { ApolloClient, ApolloLink, InMemoryCache, type TypedDocumentNode } from "@apollo/client";
import { ApolloProvider, useMutation, useQuery } from "@apollo/client/react";
import WebSocket from "ws";
import {
  addSent,
  createTwotrackClient,
  revisioned,
  revisionedPagination,
  type SendMessagePayload,
  TwotrackCache,
  twotrackLink,
} from "../../src/apollo/index.ts";
import { useMessageStream, useStream, useSync } from "../../src/apollo/react/index.ts";
import { type Connection, createConnection } from "../../src/core/index.ts";
import { type Binding, type Endpoint, SEND } from "./harness.tsx";

type ClientOptions = Endpoint & Required<Parameters<Binding["connect"]>>[1];

function apolloOn(
  name: string,
  open: (options: ClientOptions) => { client: ApolloClient; connection: Connection },
): Binding {
  return {
    name,
    keepsPage: true,
    cachesFrames: true,
    connect({ url, fetch }, options = {}) {
      const { client, connection } = open({ url, fetch, ...options });
      return {
        wrap: (page) => <ApolloProvider client={client}>{page}</ApolloProvider>,
        status: () => connection.status(),
        close: () => {
          client.stop();
          connection.close();
        },
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
}

const notebook = { Notebook: { fields: { notes: revisionedPagination() } } };

export const apollo = apolloOn("Apollo", (options) => {
  const cache = new TwotrackCache({ typePolicies: notebook });
  const client = createTwotrackClient({ webSocketImpl: WebSocket, cache, ...options });
  return { client, connection: client.connection };
});

/** As a team would attach Twotrack to the client that it has already. */
export const apolloExisting = apolloOn(
  "an existing Apollo client with data masking",
  ({ streams = [], ...options }) => {
    const connection = createConnection({ webSocketImpl: WebSocket, streams, ...options });
    const client = new ApolloClient({
      cache: revisioned(new InMemoryCache({ typePolicies: notebook }), streams),
      link: ApolloLink.from([new ApolloLink((operation, forward) => forward(operation)), twotrackLink(connection)]),
      dataMasking: true,
      defaultOptions: { query: { fetchPolicy: "network-only" } },
    });
    return { client, connection };
  },
);
