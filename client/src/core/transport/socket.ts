/** The WebSocket: a graphql-ws client that never retries by itself and detects a dead connection. */

import { type Client, CloseCode, createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from "graphql-ws";
import { backoff } from "./backoff.ts";

const PING_EVERY_MS = 15_000; // proxies and mobile networks drop a silent connection after 30–60 s
const PONG_TIMEOUT_MS = 5_000; // a half-open connection reports no error, so a missing pong counts as one
const OPEN_TIMEOUT_MS = 10_000; // a proxy may swallow the handshake, and browsers wait for minutes
const ACK_TIMEOUT_MS = 10_000;
const CLOSE_DELAY_MS = 3_000; // going from one page to the next should not cost a handshake

export interface SocketOptions {
  url: string;
  connectionParams: () => Promise<Record<string, unknown> | undefined>;
  webSocketImpl: typeof WebSocket;
  random: () => number;
  /** True if there are subscriptions: then the server closed a connection that ends with 1000. */
  hasSubscriptions: () => boolean;
  onConnecting: () => void;
  onOpen: () => void;
  /** Called if the connection was closed before it was open. */
  onRefused: (code: number | undefined) => void;
  onClosed: (code: number | undefined, reason: string, wasOpen: boolean) => void;
}

export interface Socket {
  client: Client;
  /** Sends a ping now, for example after the device slept or the network changed. */
  ping(): void;
  /** Opens a second WebSocket, and resolves to true if the server responds on it. */
  test(): Promise<boolean>;
  close(): void;
}

export function openSocket(options: SocketOptions): Socket {
  const WebSocketImpl = options.webSocketImpl;
  let openTimer: ReturnType<typeof setTimeout> | undefined;
  let live: WebSocket | undefined;
  let pongTimer: ReturnType<typeof setTimeout> | undefined;
  let normalClosures = 0;

  const awaitPong = () => {
    pongTimer ??= setTimeout(() => client.terminate(), PONG_TIMEOUT_MS);
  };
  const stopAwaitingPong = () => {
    clearTimeout(pongTimer);
    pongTimer = undefined;
  };
  // A message that arrives before the pong restarts the timeout and does not clear it: the connection may have died
  // while the message was in flight, and without a pong graphql-ws sends no further ping.
  const extendPongTimeout = () => {
    if (pongTimer === undefined) return;
    stopAwaitingPong();
    awaitPong();
  };

  const client = createClient({
    url: async () => {
      // After a close with 1000 graphql-ws reconnects by itself without a delay, up to a thousand times a second.
      if (normalClosures > 0) await new Promise((go) => setTimeout(go, backoff(normalClosures, options.random)));
      return options.url;
    },
    connectionParams: options.connectionParams,
    webSocketImpl: withErrorListener(WebSocketImpl),
    retryAttempts: 0,
    keepAlive: PING_EVERY_MS,
    connectionAckWaitTimeout: ACK_TIMEOUT_MS,
    lazyCloseTimeout: CLOSE_DELAY_MS,
    on: {
      connecting: () => {
        openTimer = setTimeout(() => client.terminate(), OPEN_TIMEOUT_MS);
        options.onConnecting();
      },
      opened: () => clearTimeout(openTimer),
      connected: (socket) => {
        live = socket as WebSocket;
        normalClosures = 0;
        options.onOpen();
      },
      ping: (received) => {
        if (!received) awaitPong();
      },
      message: extendPongTimeout,
      pong: (received) => received && stopAwaitingPong(),
      closed: (event) => {
        const { code, reason } = event as CloseEvent;
        const wasOpen = live !== undefined;
        live = undefined;
        clearTimeout(openTimer);
        stopAwaitingPong();
        if (code === 1000 && options.hasSubscriptions()) normalClosures++;
        if (!wasOpen) options.onRefused(code);
        options.onClosed(code, reason ?? "", wasOpen);
      },
    },
  });

  return {
    client,
    ping() {
      if (live?.readyState !== 1) return;
      live.send(JSON.stringify({ type: MessageType.Ping }));
      awaitPong();
    },
    async test() {
      const params = await options.connectionParams();
      return isAcknowledged(new WebSocketImpl(options.url, GRAPHQL_TRANSPORT_WS_PROTOCOL), params);
    },
    close() {
      Promise.resolve(client.dispose()).catch(() => {}); // rejects if the client was still connecting
    },
  };
}

/** Node's `ws` throws an error that has no listener, such as that of a socket which is closed before it is open. */
function withErrorListener(WebSocketImpl: typeof WebSocket): typeof WebSocket {
  return class extends WebSocketImpl {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      this.addEventListener("error", () => {});
    }
  };
}

/** Some proxies accept a WebSocket and then forward nothing, so only the server's acknowledgement counts. */
function isAcknowledged(socket: WebSocket, payload: unknown): Promise<boolean> {
  return new Promise((resolve) => {
    const decide = (isAcknowledged: boolean) => {
      clearTimeout(timer);
      socket.onclose = null;
      socket.close();
      resolve(isAcknowledged);
    };
    const timer = setTimeout(() => decide(false), ACK_TIMEOUT_MS);
    socket.onopen = () => socket.send(JSON.stringify({ type: MessageType.ConnectionInit, payload }));
    socket.onmessage = ({ data }) => decide(JSON.parse(String(data)).type === MessageType.ConnectionAck);
    socket.onclose = ({ code }) => decide(code === CloseCode.Forbidden); // the server rejected the token: it responds
    socket.onerror = () => {}; // a close event follows; `ws` throws an error without a listener
  });
}
