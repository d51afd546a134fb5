/** The reconnect delay of one connection. Its subscriptions share it: they wait once and reconnect together. */

import { backoff, STEADY_MS } from "./backoff.ts";

export class ReconnectBackoff {
  #retries = 0;
  #waiting = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Calls `reconnect` after the delay. Returns a function that cancels it. */
  wait(reconnect: () => void): () => void {
    this.#waiting.add(reconnect);
    this.#timer ??= setTimeout(() => this.retryNow(), backoff(this.#retries++, this.#random));
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

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
