/** The way back to a lost server, shared by all subscriptions of a connection: they wait once, and return together. */

import { backoff, STEADY_MS } from "./backoff.ts";

export class WayBack {
  #retries = 0;
  #waiting = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Calls `go` when it is time; returns its own undo. */
  wait(go: () => void): () => void {
    this.#waiting.add(go);
    this.#timer ??= setTimeout(() => this.now(), backoff(this.#retries++, this.#random));
    return () => {
      this.#waiting.delete(go);
      if (this.#waiting.size === 0) this.#stop();
    };
  }

  /** The network says it is back, or somebody got through: no need to wait out the rest. */
  now(): void {
    this.#stop();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  held(ms: number): void {
    if (ms >= STEADY_MS) this.#retries = 0;
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
