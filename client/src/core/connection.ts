/** One connection to a Twotrack server: everything that follows something goes through here. */

import { authorizedFetch } from "./authorizedFetch.ts";
import { backoff } from "./backoff.ts";
import { lasting } from "./lasting.ts";
import { retryingFetch } from "./retryingFetch.ts";
import { openSocket } from "./socket.ts";
import { type TokenSource, Tokens } from "./tokens.ts";
import type { Payload, Sink, Transport } from "./transport.ts";
import { WayBack } from "./wayBack.ts";

/** `idle`: nothing is followed. `lost`: it was open, or should be, and is being restored. */
export type ConnectionStatus = "idle" | "connecting" | "open" | "lost";

export interface ConnectionOptions {
  /** The server's `/graphql`, absolute or relative to the page. */
  url: string;
  token?: TokenSource;
  fetch?: typeof fetch;
  /** For platforms without a global WebSocket (Node 20: `ws`). */
  webSocketImpl?: unknown;
  random?: () => number;
}

export interface Connection extends Transport {
  readonly url: string;
  /** For everything that is not followed: brings the token along, and asks a query again when nobody answered. */
  readonly fetch: typeof fetch;
  status(): ConnectionStatus;
  onStatus(listener: () => void): () => void;
  /** Leaves everything and stays away. */
  close(): void;
}

export function createConnection(options: ConnectionOptions): Connection {
  const { url, token, fetch = globalThis.fetch, webSocketImpl, random = Math.random } = options;
  const http = new URL(url, globalThis.location?.href).href;
  const tokens = new Tokens(token);
  const wayBack = new WayBack(random);
  const leaving = new Set<() => void>();
  const listeners = new Set<() => void>();
  let status: ConnectionStatus = "idle";
  let normalClosures = 0;

  function turn(to: ConnectionStatus): void {
    if (status === to) return;
    status = to;
    for (const listener of listeners) listener();
  }

  const socket = openSocket({
    webSocketImpl,
    url: async () => {
      // After a close with 1000 graphql-ws connects again by itself and at once, a thousand times a second if it must.
      if (normalClosures > 0) await new Promise((go) => setTimeout(go, backoff(normalClosures, random)));
      return http.replace(/^http/, "ws");
    },
    params: () => tokens.headers(),
    onConnecting: () => {
      if (status === "idle") turn("connecting");
    },
    onOpen: () => {
      normalClosures = 0;
      turn("open");
      wayBack.now();
    },
    onClosed: (code) => {
      if (code === 4403) tokens.refuse();
      if (code === 1000 && leaving.size > 0) normalClosures++;
      turn(leaving.size > 0 ? "lost" : "idle");
    },
  });

  const transport = lasting(socket.client, { wayBack, random });

  const wake = () => {
    wayBack.now();
    socket.probe();
  };
  const unlisten = onWaking(wake);

  return {
    url: http,
    fetch: authorizedFetch(tokens, retryingFetch(fetch, random)),
    status: () => status,
    onStatus(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    subscribe(payload: Payload, sink: Sink) {
      const stop = transport.subscribe(payload, sink);
      const leave = () => {
        leaving.delete(leave);
        stop();
        if (leaving.size === 0 && status !== "open") turn("idle");
      };
      leaving.add(leave);
      return leave;
    },
    close() {
      unlisten();
      for (const leave of [...leaving]) leave();
      Promise.resolve(socket.client.dispose()).catch(() => {}); // it was still connecting, and did not get through
    },
  };
}

/** A laptop that wakes and a network that returns say so: there is no need to wait for a timer to find out. */
function onWaking(wake: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  const onVisible = () => {
    if (document.visibilityState === "visible") wake();
  };
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", onVisible);
  };
}
