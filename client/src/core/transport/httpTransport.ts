/** Following over HTTP: a few streams for what matters most on the page, and a question now and then for the rest. */

import { createClient } from "graphql-sse";
import type { StreamedType } from "../subscription/defineStream.ts";
import { HttpSubscription } from "./httpSubscription.ts";
import type { Ask } from "./polling.ts";
import { type Slot, StreamSlots } from "./streamSlots.ts";
import type { Payload, Sink, Transport } from "./transport.ts";
import { isHidden } from "./wakeEvents.ts";

const ARRANGE_EVERY_MS = 5_000; // another tab may have given back a slot

export interface HttpTransportOptions {
  url: string;
  streams: readonly StreamedType[];
  /** Brings the token along. */
  fetch: typeof fetch;
  /** The smaller, the closer it should be followed. */
  rank: (payload: Payload) => number;
}

export class HttpTransport implements Transport {
  #followers = new Set<HttpSubscription>();
  #slots = new StreamSlots();
  #arranging: Promise<void> | undefined;
  /** Something on the way keeps a stream to itself until it has ended. */
  #areHeldBack = false;
  readonly #streams: Transport;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #options: HttpTransportOptions;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#streams = createClient({ url: options.url, fetchFn: options.fetch, retryAttempts: 0 }) as Transport;
    this.#timer = setInterval(() => this.rearrange(), ARRANGE_EVERY_MS);
  }

  subscribe(payload: Payload, sink: Sink): () => void {
    const follower = new HttpSubscription(payload, sink, this.#options.streams);
    this.#followers.add(follower);
    void this.rearrange().then(() => {
      if (this.#followers.has(follower) && !follower.isStreaming) follower.ask(this.#ask);
    });
    return () => {
      this.#followers.delete(follower);
      follower.leave();
      void this.rearrange();
    };
  }

  /** Gives the slots to those that matter most. */
  rearrange(): Promise<void> {
    this.#arranging = (this.#arranging ?? Promise.resolve()).then(() => this.#arrange());
    return this.#arranging;
  }

  /** Perhaps on another network, which holds nothing back. */
  wake(): void {
    this.#areHeldBack = false;
    void this.rearrange();
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
    void this.rearrange();
  };

  #takeFrom(better: HttpSubscription): Slot | undefined {
    const { rank } = this.#options;
    const worst = this.#byRank().findLast((follower) => follower.isStreaming);
    if (worst === undefined || rank(worst.payload) <= rank(better.payload)) return undefined;
    const slot = worst.yieldSlot();
    worst.ask(this.#ask);
    return slot;
  }

  #byRank(): HttpSubscription[] {
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
