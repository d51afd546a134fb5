/** One connection to a Twotrack server. All subscriptions of a client use it. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { authorizedFetch } from "./http/authorizedFetch.ts";
import { canStream } from "./http/canStream.ts";
import { fetchWithTimeout } from "./http/fetchWithTimeout.ts";
import { query } from "./http/query.ts";
import { retryingFetch } from "./http/retryingFetch.ts";
import { type TokenSource, Tokens } from "./http/tokens.ts";
import type { PageId, PageOptions, PageStore } from "./stores/page.ts";
import type { Store } from "./stores/store.ts";
import { Stores } from "./stores/stores.ts";
import { assertKnown } from "./subscription/assertKnown.ts";
import type { StreamDefinition, StreamedType } from "./subscription/defineStream.ts";
import { withMessageStream } from "./subscription/messageStream.ts";
import type { LiveObject, StreamedObject } from "./subscription/revisions.ts";
import { PendingMutations } from "./sync/pendingMutations.ts";
import { type EventListener, guarded } from "./transport/events.ts";
import { explainFallback } from "./transport/fallback.ts";
import { ReconnectBackoff } from "./transport/reconnectBackoff.ts";
import { resubscribing } from "./transport/resubscribing.ts";
import { type ResultListener, ResultListeners } from "./transport/results.ts";
import { openSocket } from "./transport/socket.ts";
import { type ConnectionState, type ConnectionStatus, StatusStore } from "./transport/status.ts";
import type { Transport } from "./transport/transport.ts";
import { TransportSelector } from "./transport/transportSelector.ts";
import { onWake } from "./transport/wakeEvents.ts";

const SERVER_BUSY = 1013; // the close code that the server sends in place of an acknowledgement

export interface ConnectionOptions {
  /** The server's `/graphql`, absolute or relative to the page. */
  url: string;
  token?: TokenSource;
  /** Streams of your own models, made with `defineStream`. The stream of messages is always included. */
  streams?: readonly StreamedType[];
  fetch?: typeof fetch;
  /** For platforms without a global WebSocket (Node 20: `ws`). Without any WebSocket, everything uses HTTP. */
  webSocketImpl?: unknown;
  /** Called for everything that happens to the connection, for logs and developer tools. */
  onEvent?: EventListener;
  random?: () => number;
}

export interface Connection extends Transport {
  readonly url: string;
  readonly streams: readonly StreamedType[];
  /** For queries and mutations: sends the token, and retries queries if the server could not be reached. */
  readonly fetch: typeof fetch;
  /** Resolves when this client's pending mutations are answered; undefined if there are none. */
  mutationsSettled(): Promise<unknown> | undefined;
  /** Sends one query or mutation. Rejects with a `QueryError` if the server answers with errors. */
  query<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables?: Variables): Promise<Data>;
  /** A store of the object's latest version, which streams while it is being generated. */
  follow<Shown extends StreamedObject, Live>(
    definition: StreamDefinition<Live>,
    object: Shown,
  ): Store<LiveObject<Shown, Live>>;
  /** A store of a page's query, which refetches when the server has a greater revision of the object `id`. */
  page<Data, Variables>(id: PageId<Data>, options: PageOptions<Data, Variables>): PageStore<Data>;
  status(): ConnectionStatus;
  /** The status, and what carries the subscriptions. The same object until one of them changes. */
  state(): ConnectionState;
  /** Calls the listener when the status or the transport changes. */
  onStatus(listener: () => void): () => void;
  /** Calls the listener with every result that arrives, for developer tools. Returns a function that ends this. */
  onResult(listener: ResultListener): () => void;
  /** Call this when an app comes to the foreground or changes its network. In browsers it happens by itself. */
  wake(): void;
  /** Ends all subscriptions and closes the socket for good. */
  close(): void;
}

export function createConnection(options: ConnectionOptions): Connection {
  const { token, random = Math.random } = options;
  const webSocketImpl = (options.webSocketImpl ?? globalThis.WebSocket) as typeof WebSocket | undefined;
  const emit = guarded(options.onEvent);
  const fetch = fetchWithTimeout(options.fetch ?? globalThis.fetch);
  const page = globalThis.location?.href; // undefined during server-side rendering, which connects to nothing
  const url = page === undefined ? options.url : new URL(options.url, page).href;
  const streams = withMessageStream(options.streams);
  const tokens = new Tokens(token);
  const status = new StatusStore();
  const reconnectBackoff = new ReconnectBackoff(random, (delayMs) => emit({ type: "retry", delayMs }));
  const mutations = new PendingMutations();
  const results = new ResultListeners();
  const subscriptions = new Set<() => void>();
  let isExplained = false;

  if (webSocketImpl === undefined) status.setTransport("http");
  let refusedWith: number | undefined;
  const socket =
    webSocketImpl &&
    openSocket({
      url: url.replace(/^http/, "ws"),
      connectionParams: () => tokens.connectionParams(),
      webSocketImpl,
      random,
      hasSubscriptions: () => subscriptions.size > 0,
      onConnecting: () => status.current() === "idle" && status.set("connecting"),
      onOpen: () => {
        emit({ type: "connect" });
        selector.onSocketOpen();
        status.setTransport("websocket");
        status.set("open");
        reconnectBackoff.retryNow();
      },
      onRefused: (code) => {
        refusedWith = code;
        if (code === SERVER_BUSY) reconnectBackoff.busy();
        void selector.onSocketRefused(code);
      },
      onClosed: (code, reason, wasOpen) => {
        emit({ type: "disconnect", code, reason, wasOpen });
        if (code === 4403) tokens.rejectSocketToken();
        if (subscriptions.size === 0) status.set("idle");
      },
    });

  const selector = new TransportSelector({
    socket: socket?.client,
    testSocket: async () => (await socket?.test()) ?? false,
    url,
    streams,
    fetch: authorizedFetch(tokens, fetch),
    canStream: canStream(options.fetch),
    onChange: () => reconnectBackoff.retryNow(),
    onFallback: () => {
      const cause = socket ? explainFallback(url, page, refusedWith) : "This runtime has no WebSocket.";
      if (socket && !isExplained) console.warn(cause);
      isExplained = true;
      status.setTransport("http");
      emit({ type: "fallback", cause });
    },
    random,
  });

  const resubscribed = resubscribing(selector, {
    reconnectBackoff,
    random,
    onResult: () => status.set("open"),
    onLost: () => status.set("lost"),
    onRetry: ({ operationName: operation }, delayMs, errors) =>
      emit({ type: "retry", delayMs, operation: operation ?? undefined, errors }),
    onRefused: ({ operationName: operation }, errors) =>
      emit({ type: "refusal", operation: operation ?? undefined, errors }),
  });

  const transport = results.observing(resubscribed);
  const wake = () => {
    reconnectBackoff.retryNow();
    socket?.ping();
    selector.wake();
  };
  const removeWakeListener = onWake(wake);
  const mutationsSettled = () => mutations.settled();
  const trackedFetch = results.reporting(mutations.tracking(authorizedFetch(tokens, retryingFetch(fetch, random))));

  const connection: Connection = {
    url,
    streams,
    fetch: trackedFetch,
    mutationsSettled,
    query: (document, variables) => query(trackedFetch, url, document, variables),
    follow: (definition, object) => {
      assertKnown(definition, connection);
      return stores.follow(definition, object);
    },
    page: (id, page) => stores.page(id, page),
    status: status.current,
    state: status.state,
    onStatus: status.subscribe,
    onResult: results.add,
    wake,
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
      socket?.close();
    },
  };
  const stores = new Stores({ transport: connection, query: connection.query, mutationsSettled });
  return connection;
}
