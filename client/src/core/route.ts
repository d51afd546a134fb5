/**
 * The way to the server: WebSocket, and HTTP for as long as something on the way blocks WebSockets.
 *
 * A socket that is refused may mean a proxy or an outage. It is a proxy if the server answers over HTTP, and then
 * refuses a socket once more.
 */

import type { Fallback, FallbackOptions } from "./fallback.ts";
import type { Payload, Sink, Transport } from "./transport.ts";
import { isHidden } from "./waking.ts";

// Whatever blocks WebSockets mostly goes on blocking them, and over HTTP nothing is missed. So: twice as long after each
// probe in vain, but at once when the network may have changed.
const RETURN_AFTER_MS = 15_000;
const RETURN_AT_MOST_MS = 300_000;

// The server itself never closes a socket with these before it is open: nobody is there, or somebody is in between.
// 4499 is ours, for one that did not open.
const UNREACHABLE = new Set<number | undefined>([undefined, 1002, 1005, 1006, 1015, 4499, 4504]);

export interface RouteOptions extends FallbackOptions {
  socket: Transport;
  /** Opens a WebSocket aside from the one in use, and resolves to whether the server answered on it. */
  probe: () => Promise<boolean>;
  /** The way has changed: all that waits may go. */
  onChange: () => void;
  random: () => number;
}

export class Route implements Transport {
  #fallback: Fallback | undefined;
  #refusals = 0;
  #answersHttp = false;
  #isClosed = false;
  #probes = 0;
  #isProbing = false;
  #isWoken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #options: RouteOptions;

  constructor(options: RouteOptions) {
    this.#options = options;
  }

  get isHttp(): boolean {
    return this.#fallback !== undefined;
  }

  subscribe(payload: Payload, sink: Sink): () => void {
    return (this.#fallback ?? this.#options.socket).subscribe(payload, sink);
  }

  onSocketOpen(): void {
    this.#refusals = 0;
    this.#answersHttp = false;
  }

  /** A socket was closed that had never been open. */
  async onSocketRefused(code: number | undefined): Promise<void> {
    if (this.#fallback !== undefined || !UNREACHABLE.has(code)) return;
    this.#refusals++;
    if (this.#refusals > 1 && this.#answersHttp) return this.#fallBack();
    this.#answersHttp = await this.#asksHttp();
  }

  /** What matters most on the page has changed. */
  arrange(): void {
    void this.#fallback?.arrange();
  }

  /** The page is seen again, or hidden, or the network is back: perhaps another one, which blocks nothing. */
  wake(): void {
    this.#fallback?.wake();
    if (this.#fallback === undefined || isHidden()) return;
    this.#probes = 0;
    this.#isWoken = true;
    if (!this.#isProbing) void this.#return();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#fallback?.close();
  }

  async #fallBack(): Promise<void> {
    // In a file of its own: hardly anybody needs it. If it cannot be fetched now, it is an outage after all.
    const loaded = await import("./fallback.ts").catch(() => undefined);
    if (loaded === undefined) this.#answersHttp = false;
    if (loaded === undefined || this.#fallback !== undefined || this.#isClosed) return;
    this.#fallback = new loaded.Fallback(this.#options);
    this.#probes = 0;
    this.#scheduleReturn();
    this.#options.onChange();
  }

  #scheduleReturn(): void {
    const wait = Math.min(RETURN_AFTER_MS * 2 ** this.#probes++, RETURN_AT_MOST_MS);
    this.#timer = setTimeout(() => void this.#return(), wait * (0.5 + this.#options.random()));
  }

  async #return(): Promise<void> {
    clearTimeout(this.#timer);
    const isOpen = await this.#isOpen();
    if (this.#isClosed) return;
    if (!isOpen) return this.#scheduleReturn();
    const left = this.#fallback;
    this.#fallback = undefined;
    this.onSocketOpen();
    left?.close();
    this.#options.onChange();
  }

  /** One probe at a time. Whoever wakes up during one that is in vain asked about the network that there is now. */
  async #isOpen(): Promise<boolean> {
    let isOpen = false;
    this.#isProbing = true;
    do {
      this.#isWoken = false;
      isOpen = await this.#options.probe().catch(() => false);
    } while (!isOpen && this.#isWoken && !this.#isClosed);
    this.#isProbing = false;
    return isOpen;
  }

  async #asksHttp(): Promise<boolean> {
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
