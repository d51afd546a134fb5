/** One subscription over HTTP: on a stream of its own if a slot is free, otherwise polled. */

import { isComplete } from "./completion.ts";
import type { Ask, Poll } from "./polling.ts";
import type { ReleaseSlot } from "./streamSlots.ts";
import type { Payload, Result, Sink, Transport } from "./transport.ts";
import { isHidden } from "./wakeEvents.ts";

const POLL_EVERY_MS = 2_000;
const POLL_HIDDEN_EVERY_MS = 10_000;

// A stream is silent while nothing changes, so a dead one looks the same. A new one begins with the current state.
const RENEW_EVERY_MS = 60_000;

const FIRST_RESULT_TIMEOUT_MS = 5_000; // the server sends the current state at once

export interface HttpSubscriptionOptions {
  streams: Transport;
  ask: Ask;
  /** Undefined for a subscription that no query can replace: it waits for a slot. */
  poll: Poll | undefined;
  takeSlot: () => Promise<ReleaseSlot | undefined>;
  /** Called if a stream does not begin in time, although its subscription can be polled. */
  onNoFirstResult: () => void;
}

export class HttpSubscription {
  #cancel: () => void = () => {};
  #isStreaming = false;
  readonly #payload: Payload;
  readonly #sink: Sink;
  readonly #options: HttpSubscriptionOptions;

  constructor(payload: Payload, sink: Sink, options: HttpSubscriptionOptions) {
    this.#payload = payload;
    this.#sink = sink;
    this.#options = options;
  }

  get isStreaming(): boolean {
    return this.#isStreaming;
  }

  /** Streams or polls from now on, whatever it did before. */
  async start(): Promise<void> {
    const isCancelled = this.#restart();
    const release = await this.#options.takeSlot();
    if (release === undefined) {
      if (!isCancelled()) await this.#poll(isCancelled);
    } else if (isCancelled()) release();
    else this.#stream(release);
  }

  stop(): void {
    this.#cancel();
  }

  fail(cause: unknown): void {
    this.stop();
    this.#sink.error(cause);
  }

  #restart(): () => boolean {
    this.stop();
    let isCancelled = false;
    this.#cancel = () => {
      isCancelled = true;
    };
    return () => isCancelled;
  }

  #stream(release: ReleaseSlot): void {
    this.#isStreaming = true;
    let isStopped = false;
    const { poll, onNoFirstResult } = this.#options;
    const silence = poll && setTimeout(onNoFirstResult, FIRST_RESULT_TIMEOUT_MS);
    const isActive = () => {
      clearTimeout(silence);
      return !isStopped; // graphql-sse calls `complete` after unsubscribing too
    };
    const unsubscribe = this.#options.streams.subscribe(this.#payload, {
      next: (result) => isActive() && this.#sink.next(result),
      error: (cause) => isActive() && this.#sink.error(cause),
      complete: () => isActive() && this.#sink.complete(),
    });
    const renewal = setTimeout(() => this.#sink.complete(), RENEW_EVERY_MS); // an early end, so it is subscribed again
    this.#cancel = () => {
      if (isStopped) return;
      isStopped = true;
      this.#isStreaming = false;
      clearTimeout(silence);
      clearTimeout(renewal);
      unsubscribe();
      release();
    };
  }

  async #poll(isCancelled: () => boolean): Promise<void> {
    const { poll, ask } = this.#options;
    let last: Result | undefined;
    try {
      for (const result of (await poll?.(ask)) ?? []) {
        if (isCancelled()) return;
        last = result;
        this.#sink.next(result);
      }
    } catch (cause) {
      if (!isCancelled()) this.#sink.error(cause);
      return;
    }
    if (isCancelled()) return;
    if (isComplete(last)) return this.#sink.complete();
    const timer = setTimeout(() => void this.start(), isHidden() ? POLL_HIDDEN_EVERY_MS : POLL_EVERY_MS);
    this.#cancel = () => clearTimeout(timer);
  }
}
