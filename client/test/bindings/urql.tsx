/** The urql binding with each of its caches. */

import { cacheExchange as graphcache } from "@urql/exchange-graphcache";
import { Provider, useMutation, useQuery } from "urql";
import WebSocket from "ws";
import {
  addSent,
  createTwotrackClient,
  keys,
  type SendMessagePayload,
  type TwotrackClientOptions,
} from "../../src/urql/index.ts";
import { useMessageStream, useStream, useSync } from "../../src/urql/react/index.ts";
import { type Binding, SEND } from "./harness.tsx";

const embedded = () => null;
const noteKeys = { NoteConnection: embedded, NoteEdge: embedded };

function urqlOn(
  name: string,
  traits: Pick<Binding, "isNonreactive" | "keepsPage" | "cachesFrames">,
  settings: () => Pick<TwotrackClientOptions, "exchanges">,
): Binding {
  return {
    name,
    ...traits,
    connect({ url, fetch }, options = {}) {
      const client = createTwotrackClient({ url, fetch, webSocketImpl: WebSocket, ...settings(), ...options });
      return {
        wrap: (page) => <Provider value={client}>{page}</Provider>,
        status: () => client.connection.status(),
        close: () => client.connection.close(),
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

export const urql = urqlOn(
  "urql with its document cache",
  { isNonreactive: true, keepsPage: false, cachesFrames: false },
  () => ({}),
);

export const urqlGraphcache = urqlOn(
  "urql with graphcache",
  { isNonreactive: false, keepsPage: true, cachesFrames: true },
  () => ({
    exchanges: [
      graphcache({
        keys: { ...keys, ...noteKeys },
        updates: {
          Mutation: { sendMessage: (data, _, cache) => addSent(cache, data.sendMessage as SendMessagePayload) },
        },
      }),
    ],
  }),
);
