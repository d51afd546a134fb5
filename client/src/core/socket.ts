/** The WebSocket beneath: a graphql-ws client that never retries by itself and notices when its socket is dead. */

import { type Client, CloseCode, createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from "graphql-ws";
import { backoff } from "./backoff.ts";

const PING_EVERY_MS = 15_000; // below the 30-60 s after which proxies and mobile networks forget a silent connection
const PONG_WITHIN_MS = 5_000; // slower than that is dead: a half-open socket never says so
const OPEN_WITHIN_MS = 10_000; // a proxy may swallow the handshake, and browsers wait for minutes
const ACK_WITHIN_MS = 10_000;
const LINGER_MS = 3_000; // going from one chat to the next should not cost a handshake

export interface SocketOptions {
  url: string;
  params: () => Promise<Record<string, unknown> | undefined>;
  webSocketImpl: unknown;
  random: () => number;
  /** Whether anybody follows anything: then a close with 1000 is the server's doing. */
  isWanted: () => boolean;
  onConnecting: () => void;
  onOpen: () => void;
  /** Closed before it was open. */
  onRefused: (code: number | undefined) => void;
  onClosed: (code: number | undefined) => void;
}

export interface Socket {
  client: Client;
  /** Asks the other side for a sign of life now: after a sleep, or when the network changed. */
  probe(): void;
  /** Whether another socket would be answered. */
  probeAside(): Promise<boolean>;
  close(): void;
}

export function openSocket(options: SocketOptions): Socket {
  const WebSocketImpl = (options.webSocketImpl ?? globalThis.WebSocket) as typeof WebSocket;
  let unopened: ReturnType<typeof setTimeout> | undefined;
  let live: WebSocket | undefined;
  let overdue: ReturnType<typeof setTimeout> | undefined;
  let normalClosures = 0;

  const expectPong = () => {
    overdue ??= setTimeout(() => client.terminate(), PONG_WITHIN_MS);
  };
  const expectNothing = () => {
    clearTimeout(overdue);
    overdue = undefined;
  };
  // What arrives before the pong may have been on its way before the connection died, and without a pong no ping follows.
  const expectPongLater = () => {
    if (overdue === undefined) return;
    expectNothing();
    expectPong();
  };

  const client = createClient({
    url: async () => {
      // After a close with 1000 graphql-ws connects again by itself and at once, a thousand times a second if it must.
      if (normalClosures > 0) await new Promise((go) => setTimeout(go, backoff(normalClosures, options.random)));
      return options.url;
    },
    connectionParams: options.params,
    webSocketImpl: WebSocketImpl && quietly(WebSocketImpl),
    retryAttempts: 0,
    keepAlive: PING_EVERY_MS,
    connectionAckWaitTimeout: ACK_WITHIN_MS,
    lazyCloseTimeout: LINGER_MS,
    on: {
      connecting: () => {
        unopened = setTimeout(() => client.terminate(), OPEN_WITHIN_MS);
        options.onConnecting();
      },
      opened: () => clearTimeout(unopened),
      connected: (socket) => {
        live = socket as WebSocket;
        normalClosures = 0;
        options.onOpen();
      },
      ping: (received) => {
        if (!received) expectPong();
      },
      message: expectPongLater,
      pong: (received) => received && expectNothing(),
      closed: (event) => {
        const { code } = event as CloseEvent;
        const wasOpen = live !== undefined;
        live = undefined;
        clearTimeout(unopened);
        expectNothing();
        if (code === 1000 && options.isWanted()) normalClosures++;
        if (!wasOpen) options.onRefused(code);
        options.onClosed(code);
      },
    },
  });

  return {
    client,
    probe() {
      if (live?.readyState !== 1) return;
      live.send(JSON.stringify({ type: MessageType.Ping }));
      expectPong();
    },
    async probeAside() {
      const params = await options.params();
      return isAnswered(new WebSocketImpl(options.url, GRAPHQL_TRANSPORT_WS_PROTOCOL), params);
    },
    close() {
      Promise.resolve(client.dispose()).catch(() => {}); // it was still connecting, and did not get through
    },
  };
}

/** Node's `ws` complains of a socket that is closed before it is open, and of a complaint that nobody hears. */
function quietly(WebSocketImpl: typeof WebSocket): typeof WebSocket {
  return class extends WebSocketImpl {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      this.addEventListener("error", () => {});
    }
  };
}

/** Some proxies let a socket open and then nothing through, so only the acknowledgement counts. */
function isAnswered(socket: WebSocket, payload: unknown): Promise<boolean> {
  return new Promise((resolve) => {
    const decide = (answered: boolean) => {
      clearTimeout(timer);
      socket.onclose = null;
      socket.close();
      resolve(answered);
    };
    const timer = setTimeout(() => decide(false), ACK_WITHIN_MS);
    socket.onopen = () => socket.send(JSON.stringify({ type: MessageType.ConnectionInit, payload }));
    socket.onmessage = ({ data }) => decide(JSON.parse(String(data)).type === MessageType.ConnectionAck);
    socket.onclose = ({ code }) => decide(code === CloseCode.Forbidden); // minding the token is an answer, too
    socket.onerror = () => {}; // a close follows; and where it was closed before it was open, `ws` complains of that
  });
}
