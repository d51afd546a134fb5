/** One connection to a Twotrack server. All subscriptions of a client use it. */

import { authorizedFetch } from "./http/authorizedFetch.ts";
import { fetchWithTimeout } from "./http/fetchWithTimeout.ts";
import { retryingFetch } from "./http/retryingFetch.ts";
import { type TokenSource, Tokens } from "./http/tokens.ts";
import type { StreamedType } from "./subscription/defineStream.ts";
import { withMessageStream } from "./subscription/messageStream.ts";
import { PendingMutations } from "./sync/pendingMutations.ts";
import { ReconnectBackoff } from "./transport/reconnectBackoff.ts";
import { resubscribing } from "./transport/resubscribing.ts";
import { openSocket } from "./transport/socket.ts";
import { type ConnectionStatus, StatusStore } from "./transport/status.ts";
import type { Transport } from "./transport/transport.ts";
import { TransportSelector } from "./transport/transportSelector.ts";
import { onWake } from "./transport/wakeEvents.ts";

export interface ConnectionOptions {
  /** The server's `/graphql`, absolute or relative to the page. */
  url: string;
  token?: TokenSource;
  /** Streams of your own models, made with `defineStream`. The stream of messages is always included. */
  streams?: readonly StreamedType[];
  fetch?: typeof fetch;
  /** For platforms without a global WebSocket (Node 20: `ws`). */
  webSocketImpl?: unknown;
  random?: () => number;
}

export interface Connection extends Transport {
  readonly url: string;
  readonly streams: readonly StreamedType[];
  /** For queries and mutations: sends the token, and retries queries if the server could not be reached. */
  readonly fetch: typeof fetch;
  /** Resolves when this client's pending mutations are answered; undefined if there are none. */
  mutationsSettled(): Promise<unknown> | undefined;
  status(): ConnectionStatus;
  onStatus(listener: () => void): () => void;
  /** Ends all subscriptions and closes the socket for good. */
  close(): void;
}

export function createConnection(options: ConnectionOptions): Connection {
  const { token, webSocketImpl, random = Math.random } = options;
  const fetch = fetchWithTimeout(options.fetch ?? globalThis.fetch);
  const page = globalThis.location?.href; // undefined during server-side rendering, which connects to nothing
  const url = page === undefined ? options.url : new URL(options.url, page).href;
  const streams = withMessageStream(options.streams);
  const tokens = new Tokens(token);
  const status = new StatusStore();
  const reconnectBackoff = new ReconnectBackoff(random);
  const mutations = new PendingMutations();
  const subscriptions = new Set<() => void>();

  const socket = openSocket({
    url: url.replace(/^http/, "ws"),
    connectionParams: () => tokens.connectionParams(),
    webSocketImpl,
    random,
    hasSubscriptions: () => subscriptions.size > 0,
    onConnecting: () => status.current() === "idle" && status.set("connecting"),
    onOpen: () => {
      selector.onSocketOpen();
      status.set("open");
      reconnectBackoff.retryNow();
    },
    onRefused: (code) => void selector.onSocketRefused(code),
    onClosed: (code) => {
      if (code === 4403) tokens.rejectSocketToken();
      if (subscriptions.size === 0) status.set("idle");
    },
  });

  const selector = new TransportSelector({
    socket: socket.client,
    testSocket: socket.test,
    url,
    streams,
    fetch: authorizedFetch(tokens, fetch),
    onChange: () => reconnectBackoff.retryNow(),
    random,
  });

  const transport = resubscribing(selector, {
    reconnectBackoff,
    random,
    onResult: () => status.set("open"),
    onLost: () => status.set("lost"),
  });

  const removeWakeListener = onWake(() => {
    reconnectBackoff.retryNow();
    socket.ping();
    selector.wake();
  });

  return {
    url,
    streams,
    fetch: mutations.tracking(authorizedFetch(tokens, retryingFetch(fetch, random))),
    mutationsSettled: () => mutations.settled(),
    status: status.current,
    onStatus: status.subscribe,
    subscribe(payload, sink) {
      let stop = () => {};
      const unsubscribe = () => {
        remove();
        stop();
      };
      const remove = () => {
        if (!subscriptions.delete(unsubscribe) || subscriptions.size > 0) return;
        if (selector.isHttp || status.current() !== "open") status.set("idle");
      };
      subscriptions.add(unsubscribe);
      stop = transport.subscribe(payload, {
        next: (result) => sink.next(result),
        error: (error) => {
          remove();
          sink.error(error);
        },
        complete: () => {
          remove();
          sink.complete();
        },
      });
      return unsubscribe;
    },
    close() {
      removeWakeListener();
      for (const unsubscribe of [...subscriptions]) unsubscribe();
      selector.close();
      socket.close();
    },
  };
}
