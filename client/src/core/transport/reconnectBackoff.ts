/** The reconnect delay of one connection. Its subscriptions share it: they wait once and reconnect together. */

import { backoff, STEADY_MS } from "./backoff.ts";

// The next delay after "busy; retry" is up to 2 s, and then doubles: a server that is busy needs more than a moment.
const BUSY_RETRIES = 3;

export class ReconnectBackoff {
  #retries = 0;
  #waiting = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #random: () => number;
  readonly #onDelay: (ms: number) => void;

  /** `onDelay` is called when a delay begins, with its length. */
  constructor(random: () => number = Math.random, onDelay: (ms: number) => void = () => {}) {
    this.#random = random;
    this.#onDelay = onDelay;
  }

  /** Calls `reconnect` after the delay. Returns a function that cancels it. */
  wait(reconnect: () => void): () => void {
    this.#waiting.add(reconnect);
    if (this.#timer === undefined) this.#startDelay();
    return () => {
      this.#waiting.delete(reconnect);
      if (this.#waiting.size === 0) this.#cancel();
    };
  }

  /** Skips the rest of the delay, for example when the network is back or another subscription reached the server. */
  retryNow(): void {
    this.#cancel();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const reconnect of waiting) reconnect();
  }

  /** Reports how long a connection lasted. A steady one resets the backoff. */
  lasted(ms: number): void {
    if (ms >= STEADY_MS) this.#retries = 0;
  }

  /** Reports that the server had no time for this connection, as when all clients of another one reconnect to it. */
  busy(): void {
    this.#retries = Math.max(this.#retries, BUSY_RETRIES);
  }

  #startDelay(): void {
    const delay = backoff(this.#retries++, this.#random);
    this.#timer = setTimeout(() => this.retryNow(), delay);
    this.#onDelay(delay);
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
