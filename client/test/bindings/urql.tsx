/** The urql binding with each of its caches. */

import { Client, cacheExchange } from "@urql/core";
import { cacheExchange as graphcache } from "@urql/exchange-graphcache";
import { Provider, useMutation, useQuery } from "urql";
import WebSocket from "ws";
import { type Connection, createConnection } from "../../src/core/index.ts";
import {
  addSent,
  createTwotrackClient,
  keys,
  type SendMessagePayload,
  type TwotrackClientOptions,
  twotrackExchange,
} from "../../src/urql/index.ts";
import { useMessageStream, useStream, useSync } from "../../src/urql/react/index.ts";
import { type Binding, SEND } from "./harness.tsx";

const embedded = () => null;
const noteKeys = { NoteConnection: embedded, NoteEdge: embedded };

function urqlOn(
  name: string,
  traits: Pick<Binding, "keepsPage" | "cachesFrames">,
  open: (options: TwotrackClientOptions) => { client: Client; connection: Connection },
): Binding {
  return {
    name,
    ...traits,
    connect({ url, fetch }, options = {}) {
      const { client, connection } = open({ url, fetch, webSocketImpl: WebSocket, ...options });
      return {
        wrap: (page) => <Provider value={client}>{page}</Provider>,
        status: () => connection.status(),
        close: () => connection.close(),
      };
    },
    useMessageStream: (message, options) => useMessageStream(message, options) as typeof message,
    useStream: (definition, object) => useStream(definition, object) as typeof object,
    useSync,
    useQuery(query, id) {
      const [{ data }, execute] = useQuery({ query, variables: { id } });
      return { data, refetch: () => execute({ requestPolicy: "network-only" }) };
    },
    useSend(chatId) {
      const [, send] = useMutation(SEND);
      return (content) => send({ input: { chatId, content, idempotencyKey: content } });
    },
  };
}

const withDocumentCache = { keepsPage: false, cachesFrames: false };

export const urql = urqlOn("urql with its document cache", withDocumentCache, (options) => {
  const client = createTwotrackClient(options);
  return { client, connection: client.connection };
});

/** As a team would attach Twotrack to the client that it has already. */
export const urqlExisting = urqlOn("an existing urql client", withDocumentCache, (options) => {
  const connection = createConnection(options);
  const client = new Client({
    url: "https://example.org/not-used",
    exchanges: [cacheExchange, twotrackExchange(connection)],
  });
  return { client, connection };
});

export function openGraphcache(options: TwotrackClientOptions): { client: Client; connection: Connection } {
  const client = createTwotrackClient({
    ...options,
    exchanges: [
      graphcache({
        keys: { ...keys, ...noteKeys },
        updates: {
          Mutation: { sendMessage: (data, _, cache) => addSent(cache, data.sendMessage as SendMessagePayload) },
        },
      }),
    ],
  });
  return { client, connection: client.connection };
}

export const urqlGraphcache = urqlOn("urql with graphcache", { keepsPage: true, cachesFrames: true }, openGraphcache);
