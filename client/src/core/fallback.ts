/** Following over HTTP: a few streams for what matters most on the page, and a question now and then for the rest. */

import { createClient } from "graphql-sse";
import { Follower } from "./follower.ts";
import type { Ask } from "./polling.ts";
import { type Slot, Slots } from "./slots.ts";
import type { Payload, Sink, Transport } from "./transport.ts";
import { isHidden } from "./waking.ts";

const ARRANGE_EVERY_MS = 5_000; // another tab may have given back a slot

export interface FallbackOptions {
  url: string;
  /** Brings the token along. */
  fetch: typeof fetch;
  /** The smaller, the closer it should be followed. */
  rank: (payload: Payload) => number;
}

export class Fallback implements Transport {
  #followers = new Set<Follower>();
  #slots = new Slots();
  #arranging: Promise<void> | undefined;
  /** Something on the way keeps a stream to itself until it has ended. */
  #areHeldBack = false;
  readonly #streams: Transport;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #options: FallbackOptions;

  constructor(options: FallbackOptions) {
    this.#options = options;
    this.#streams = createClient({ url: options.url, fetchFn: options.fetch, retryAttempts: 0 }) as Transport;
    this.#timer = setInterval(() => this.arrange(), ARRANGE_EVERY_MS);
  }

  subscribe(payload: Payload, sink: Sink): () => void {
    const follower = new Follower(payload, sink);
    this.#followers.add(follower);
    void this.arrange().then(() => {
      if (this.#followers.has(follower) && !follower.isStreaming) follower.ask(this.#ask);
    });
    return () => {
      this.#followers.delete(follower);
      follower.leave();
      void this.arrange();
    };
  }

  /** Gives the slots to those that matter most. */
  arrange(): Promise<void> {
    this.#arranging = (this.#arranging ?? Promise.resolve()).then(() => this.#arrange());
    return this.#arranging;
  }

  /** Perhaps on another network, which holds nothing back. */
  wake(): void {
    this.#areHeldBack = false;
    void this.arrange();
  }

  /** Ends all as a broken line does: whoever follows will subscribe again, elsewhere. */
  close(): void {
    clearInterval(this.#timer);
    const followers = [...this.#followers];
    this.#followers.clear();
    for (const follower of followers) follower.fail(new Error("The way over HTTP is left."));
  }

  async #arrange(): Promise<void> {
    if (isHidden() || this.#areHeldBack) {
      // A tab that nobody sees leaves the connections to those that are seen.
      for (const follower of this.#followers) if (follower.isStreaming) follower.ask(this.#ask);
      return;
    }
    for (const follower of this.#byRank()) {
      if (follower.isStreaming) continue;
      const slot = (await this.#slots.take()) ?? this.#takeFrom(follower);
      if (slot === undefined) return;
      if (this.#followers.has(follower)) follower.stream(this.#streams, slot, this.#onSilence);
      else slot.release();
    }
  }

  readonly #onSilence = () => {
    this.#areHeldBack = true;
    void this.arrange();
  };

  #takeFrom(better: Follower): Slot | undefined {
    const { rank } = this.#options;
    const worst = this.#byRank().findLast((follower) => follower.isStreaming);
    if (worst === undefined || rank(worst.payload) <= rank(better.payload)) return undefined;
    const slot = worst.yieldSlot();
    worst.ask(this.#ask);
    return slot;
  }

  #byRank(): Follower[] {
    const { rank } = this.#options;
    return [...this.#followers].sort((a, b) => rank(a.payload) - rank(b.payload));
  }

  readonly #ask: Ask = async (payload) => {
    const response = await this.#options.fetch(this.#options.url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/graphql-response+json, application/json" },
      body: JSON.stringify(payload),
    });
    return response.json();
  };
}
