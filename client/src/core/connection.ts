/** One connection to a Twotrack server: everything that follows something goes through here. */

import { answeredFetch } from "./answeredFetch.ts";
import { authorizedFetch } from "./authorizedFetch.ts";
import { lasting } from "./lasting.ts";
import { OwnMutations } from "./ownMutations.ts";
import { retryingFetch } from "./retryingFetch.ts";
import { Route } from "./route.ts";
import { openSocket } from "./socket.ts";
import { type ConnectionStatus, Status } from "./status.ts";
import { type TokenSource, Tokens } from "./tokens.ts";
import type { Payload, Transport } from "./transport.ts";
import { onWaking } from "./waking.ts";
import { WayBack } from "./wayBack.ts";

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
  /** Waits for the answers to one's own mutations; undefined where none are under way. */
  answered(): Promise<unknown> | undefined;
  status(): ConnectionStatus;
  onStatus(listener: () => void): () => void;
  /**
   * The messages in view, nearest first. It matters where WebSockets are blocked: over HTTP only a few can be
   * followed closely.
   */
  prefer(messageIds: readonly string[]): void;
  /** Leaves everything and stays away. */
  close(): void;
}

export function createConnection(options: ConnectionOptions): Connection {
  const { token, webSocketImpl, random = Math.random } = options;
  const fetch = answeredFetch(options.fetch ?? globalThis.fetch);
  const page = globalThis.location?.href; // a server renders the page without one, and connects to nothing
  const url = page === undefined ? options.url : new URL(options.url, page).href;
  const tokens = new Tokens(token);
  const status = new Status();
  const wayBack = new WayBack(random);
  const mutations = new OwnMutations();
  const following = new Set<() => void>();
  let preferred: readonly string[] = [];

  const socket = openSocket({
    url: url.replace(/^http/, "ws"),
    params: () => tokens.headers(),
    webSocketImpl,
    random,
    isWanted: () => following.size > 0,
    onConnecting: () => status.current() === "idle" && status.turn("connecting"),
    onOpen: () => {
      route.onSocketOpen();
      status.turn("open");
      wayBack.now();
    },
    onRefused: (code) => void route.onSocketRefused(code),
    onClosed: (code) => {
      if (code === 4403) tokens.refuse();
      if (following.size === 0) status.turn("idle");
    },
  });

  const route = new Route({
    socket: socket.client,
    probe: socket.probeAside,
    url,
    fetch: authorizedFetch(tokens, fetch),
    rank: (payload) => rankOf(payload, preferred),
    onChange: () => wayBack.now(),
    random,
  });

  const transport = lasting(route, {
    wayBack,
    random,
    onHeard: () => status.turn("open"),
    onLost: () => status.turn("lost"),
  });

  const unlisten = onWaking(() => {
    wayBack.now();
    socket.probe();
    route.wake();
  });

  return {
    url,
    fetch: mutations.noting(authorizedFetch(tokens, retryingFetch(fetch, random))),
    answered: () => mutations.answered(),
    status: status.current,
    onStatus: status.subscribe,
    subscribe(payload, sink) {
      let stop = () => {};
      const leave = () => {
        forget();
        stop();
      };
      const forget = () => {
        if (following.delete(leave) && following.size === 0 && (route.isHttp || status.current() !== "open"))
          status.turn("idle");
      };
      following.add(leave);
      stop = transport.subscribe(payload, {
        next: (result) => sink.next(result),
        error: (error) => {
          forget();
          sink.error(error);
        },
        complete: () => {
          forget();
          sink.complete();
        },
      });
      return leave;
    },
    prefer(messageIds) {
      preferred = messageIds;
      route.arrange();
    },
    close() {
      unlisten();
      for (const leave of [...following]) leave();
      route.close();
      socket.close();
    },
  };
}

/** `sync` first of all: it is how a page learns of everything else. */
function rankOf({ query, variables }: Payload, preferred: readonly string[]): number {
  if (/\bsync\s*\(/.test(query)) return -1;
  const place = preferred.indexOf(String(variables?.id));
  return place === -1 ? preferred.length : place;
}
