/** The WebSocket beneath: a graphql-ws client that never retries by itself and notices when its socket is dead. */

import { type Client, createClient } from "graphql-ws";

const PING_EVERY_MS = 15_000; // below the 30-60 s after which proxies and mobile networks forget a silent connection
const PONG_WITHIN_MS = 5_000; // slower than that is dead: a half-open socket never says so
const ACK_WITHIN_MS = 10_000;
const LINGER_MS = 3_000; // going from one chat to the next should not cost a handshake

export interface SocketOptions {
  url: () => string | Promise<string>;
  params: () => Promise<Record<string, unknown> | undefined>;
  webSocketImpl?: unknown;
  onConnecting: () => void;
  onOpen: () => void;
  onClosed: (code: number | undefined) => void;
}

export interface Socket {
  client: Client;
  /** Asks the other side for a sign of life now: after a sleep, or when the network changed. */
  probe(): void;
}

export function openSocket(options: SocketOptions): Socket {
  let live: WebSocket | undefined;
  let overdue: ReturnType<typeof setTimeout> | undefined;

  const expectPong = () => {
    overdue ??= setTimeout(() => client.terminate(), PONG_WITHIN_MS);
  };
  const alive = () => {
    clearTimeout(overdue);
    overdue = undefined;
  };

  const client = createClient({
    url: options.url,
    connectionParams: options.params,
    webSocketImpl: options.webSocketImpl,
    retryAttempts: 0,
    keepAlive: PING_EVERY_MS,
    connectionAckWaitTimeout: ACK_WITHIN_MS,
    lazyCloseTimeout: LINGER_MS,
    on: {
      connecting: options.onConnecting,
      connected: (socket) => {
        live = socket as WebSocket;
        options.onOpen();
      },
      ping: (received) => {
        if (!received) expectPong();
      },
      message: alive,
      closed: (event) => {
        live = undefined;
        alive();
        options.onClosed((event as CloseEvent).code);
      },
    },
  });

  return {
    client,
    probe() {
      if (live?.readyState !== 1) return;
      live.send(JSON.stringify({ type: "ping" }));
      expectPong();
    },
  };
}
