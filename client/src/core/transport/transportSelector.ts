/**
 * Uses WebSocket, and HTTP while something between client and server blocks WebSockets.
 *
 * A refused socket may mean a blocking proxy or an outage. It is a proxy if the server responds over HTTP and the next
 * socket is refused as well.
 */

import type { HttpTransport, HttpTransportOptions } from "./httpTransport.ts";
import type { Payload, Sink, Transport } from "./transport.ts";
import { isHidden } from "./wakeEvents.ts";

// A proxy that blocks WebSockets mostly keeps blocking them, and over HTTP no update is missed. So the interval between
// tests doubles. When the network may have changed, a test follows at once.
const FIRST_TEST_AFTER_MS = 15_000;
const LONGEST_TEST_INTERVAL_MS = 300_000;

// The server never closes a socket with these codes before it is open: it is down, or a proxy is in between. 4499 is
// sent by our own timeout for opening.
const UNREACHABLE = new Set<number | undefined>([undefined, 1002, 1005, 1006, 1015, 4499, 4504]);

export interface TransportSelectorOptions extends HttpTransportOptions {
  /** Undefined if the runtime has no WebSocket: then everything uses HTTP. */
  socket: Transport | undefined;
  /** Opens a second WebSocket, and resolves to true if the server responds on it. */
  testSocket: () => Promise<boolean>;
  /** Called after the transport has changed: subscriptions that wait may retry now. */
  onChange: () => void;
  /** Called after the change to HTTP. */
  onFallback: () => void;
  random: () => number;
}

export class TransportSelector implements Transport {
  #http: HttpTransport | undefined;
  #refusals = 0;
  #isHttpReachable = false;
  #isClosed = false;
  #tests = 0;
  #isTesting = false;
  #hasWoken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #options: TransportSelectorOptions;

  constructor(options: TransportSelectorOptions) {
    this.#options = options;
  }

  get isHttp(): boolean {
    return this.#http !== undefined;
  }

  subscribe(payload: Payload, sink: Sink): () => void {
    const transport = this.#http ?? this.#options.socket;
    return transport === undefined ? this.#subscribeOverHttp(payload, sink) : transport.subscribe(payload, sink);
  }

  onSocketOpen(): void {
    this.#refusals = 0;
    this.#isHttpReachable = false;
  }

  /** Call this if a socket was closed before it was open. */
  async onSocketRefused(code: number | undefined): Promise<void> {
    if (this.#http !== undefined) return;
    if (!UNREACHABLE.has(code)) return this.onSocketOpen(); // the server itself closed it, for example because it is busy
    this.#refusals++;
    if (this.#refusals > 1 && this.#isHttpReachable) return this.#switchToHttp();
    this.#isHttpReachable = await this.#testHttp();
  }

  /** Call this if the page became visible or hidden, or the network is back: it may be one that blocks nothing. */
  wake(): void {
    this.#http?.wake();
    if (this.#http === undefined || this.#options.socket === undefined || isHidden()) return;
    this.#tests = 0;
    this.#hasWoken = true;
    if (!this.#isTesting) void this.#switchToSocketIfOpen();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#http?.close();
  }

  #subscribeOverHttp(payload: Payload, sink: Sink): () => void {
    let isCancelled = false;
    let unsubscribe = (): void => {
      isCancelled = true;
    };
    void this.#switchToHttp().then(() => {
      if (isCancelled) return;
      if (this.#http === undefined) return sink.error(new Error("The HTTP transport could not be loaded."));
      unsubscribe = this.#http.subscribe(payload, sink);
    });
    return () => unsubscribe();
  }

  async #switchToHttp(): Promise<void> {
    // A separate file, since few clients need it. If it cannot be loaded, this is an outage after all.
    const loaded = await import("./httpTransport.ts").catch(() => undefined);
    if (loaded === undefined) this.#isHttpReachable = false;
    if (loaded === undefined || this.#http !== undefined || this.#isClosed) return;
    this.#http = new loaded.HttpTransport(this.#options);
    this.#tests = 0;
    if (this.#options.socket !== undefined) this.#scheduleTest();
    this.#options.onFallback();
    this.#options.onChange();
  }

  #scheduleTest(): void {
    const interval = Math.min(FIRST_TEST_AFTER_MS * 2 ** this.#tests++, LONGEST_TEST_INTERVAL_MS);
    this.#timer = setTimeout(() => void this.#switchToSocketIfOpen(), interval * (0.5 + this.#options.random()));
  }

  async #switchToSocketIfOpen(): Promise<void> {
    clearTimeout(this.#timer);
    const isOpen = await this.#testSocket();
    if (this.#isClosed) return;
    if (!isOpen) return this.#scheduleTest();
    const http = this.#http;
    this.#http = undefined;
    this.onSocketOpen();
    http?.close();
    this.#options.onChange();
  }

  /** Runs one test at a time. If the page wakes during a test that fails, the test is repeated on the new network. */
  async #testSocket(): Promise<boolean> {
    let isOpen = false;
    this.#isTesting = true;
    do {
      this.#hasWoken = false;
      isOpen = await this.#options.testSocket().catch(() => false);
    } while (!isOpen && this.#hasWoken && !this.#isClosed);
    this.#isTesting = false;
    return isOpen;
  }

  async #testHttp(): Promise<boolean> {
    try {
      const { fetch, url } = this.#options;
      const body = JSON.stringify({ query: "{ __typename }" });
      const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
      return response.ok;
    } catch {
      return false;
    }
  }
}
