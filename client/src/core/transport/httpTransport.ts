/** Subscriptions over HTTP: Server-Sent Events for as many as the browser's connections allow, polling for the rest. */

import { createClient } from "graphql-sse";
import type { StreamedType } from "../subscription/defineStream.ts";
import { HttpSubscription } from "./httpSubscription.ts";
import { type Ask, pollFor } from "./polling.ts";
import { StreamSlots } from "./streamSlots.ts";
import type { Payload, Sink, Transport } from "./transport.ts";
import { isHidden } from "./wakeEvents.ts";

export interface HttpTransportOptions {
  url: string;
  streams: readonly StreamedType[];
  /** Sends the token. */
  fetch: typeof fetch;
  /** False if the runtime's `fetch` returns a response only when it is complete: then everything is polled. */
  canStream: boolean;
}

export class HttpTransport implements Transport {
  readonly #subscriptions = new Set<HttpSubscription>();
  readonly #slots = new StreamSlots();
  /** True if a proxy holds a response back until it is complete: then everything is polled. */
  #areStreamsBuffered = false;
  readonly #streams: Transport;
  readonly #options: HttpTransportOptions;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#streams = createClient({ url: options.url, fetchFn: options.fetch, retryAttempts: 0 }) as Transport;
  }

  subscribe(payload: Payload, sink: Sink): () => void {
    const subscription = new HttpSubscription(payload, sink, {
      streams: this.#streams,
      ask: this.#ask,
      poll: pollFor(payload, this.#options.streams),
      takeSlot: async () => (this.#mayStream() ? this.#slots.take() : undefined),
      onNoFirstResult: () => {
        this.#areStreamsBuffered = true;
        this.#restart();
      },
    });
    this.#subscriptions.add(subscription);
    void subscription.start();
    return () => {
      this.#subscriptions.delete(subscription);
      subscription.stop();
    };
  }

  /** Call this if the page became visible or hidden, or the network is back: it may be one that buffers nothing. */
  wake(): void {
    this.#areStreamsBuffered = false;
    this.#restart();
  }

  /** Ends all subscriptions like a lost connection, so that they are subscribed again over another transport. */
  close(): void {
    const subscriptions = [...this.#subscriptions];
    this.#subscriptions.clear();
    for (const subscription of subscriptions) subscription.fail(new Error("The client has left HTTP."));
  }

  /** Streams what is polled if it may, and polls what streams if it may not. */
  #restart(): void {
    for (const subscription of this.#subscriptions)
      if (subscription.isStreaming !== this.#mayStream()) void subscription.start();
  }

  /** A hidden tab leaves the browser's connections to the visible ones. */
  #mayStream(): boolean {
    return this.#options.canStream && !isHidden() && !this.#areStreamsBuffered;
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
