/**
 * Subscriptions that survive a lost connection and an early end.
 *
 * After an error Apollo calls `onError` and `onComplete` and then nothing. urql cannot tell an early end from a proper
 * one. So resubscribing belongs below both, and happens here only: the transport beneath must not retry by itself.
 */

import type { GraphQLFormattedError } from "graphql";
import { backoff, STEADY_MS } from "./backoff.ts";
import { isComplete } from "./completion.ts";
import { ReconnectBackoff } from "./reconnectBackoff.ts";
import { areGraphQLErrors, type Payload, type Result, type Sink, type Transport } from "./transport.ts";

const SILENT_RETRIES = 5; // covers a short database outage; during a longer one the page should show `lost`

export interface ResubscribingOptions {
  reconnectBackoff?: ReconnectBackoff;
  random?: () => number;
  /** Called with every result: the server is reachable. */
  onResult?: () => void;
  /** Called when the connection is lost, or the server keeps failing. */
  onLost?: () => void;
}

export function resubscribing(transport: Transport, options: ResubscribingOptions = {}): Transport {
  const {
    random = Math.random,
    reconnectBackoff = new ReconnectBackoff(random),
    onResult = () => {},
    onLost = () => {},
  } = options;
  return {
    subscribe(payload, sink) {
      const complete = { random, reconnectBackoff, onResult, onLost };
      const subscription = new Resubscription(transport, payload, sink, complete);
      subscription.subscribe();
      return () => subscription.unsubscribe();
    },
  };
}

class Resubscription {
  #cancel: () => void = () => {};
  #restarts = 0;
  readonly #transport: Transport;
  readonly #payload: Payload;
  readonly #sink: Sink;
  readonly #options: Required<ResubscribingOptions>;

  constructor(transport: Transport, payload: Payload, sink: Sink, options: Required<ResubscribingOptions>) {
    this.#transport = transport;
    this.#payload = payload;
    this.#sink = sink;
    this.#options = options;
  }

  subscribe(): void {
    let last: Result | undefined;
    let since = 0;
    let isCancelled = false;
    let unsubscribe = (): void => {
      isCancelled = true;
    };
    // graphql-ws calls `complete` after unsubscribing too, so whatever arrives after that is ignored.
    this.#cancel = () => {
      isCancelled = true;
      unsubscribe();
    };

    const next = (result: Result) => {
      if (isCancelled) return;
      if (result.errors) this.#noteDuration(since);
      const delay = this.#retryDelay(result.errors);
      const isFailing = delay !== undefined && this.#restarts > SILENT_RETRIES;
      this.#options[isFailing ? "onLost" : "onResult"]();
      if (delay !== undefined) return this.#resubscribeAfter(delay);
      since ||= Date.now();
      last = result;
      this.#sink.next(result);
    };
    const complete = () => {
      if (isCancelled) return;
      if (isComplete(last)) return this.#complete();
      this.#noteDuration(since);
      this.#resubscribeAfter(backoff(this.#restarts++, this.#options.random));
    };
    const error = (cause: unknown) => {
      if (isCancelled) return;
      if (areGraphQLErrors(cause)) {
        next({ errors: cause });
        return complete();
      }
      this.#noteDuration(since);
      this.unsubscribe();
      this.#options.onLost();
      this.#cancel = this.#options.reconnectBackoff.wait(() => this.subscribe());
    };

    unsubscribe = this.#transport.subscribe(this.#payload, { next, error, complete });
    if (isCancelled) unsubscribe();
  }

  unsubscribe(): void {
    this.#cancel();
  }

  #resubscribeAfter(ms: number): void {
    this.unsubscribe();
    const timer = setTimeout(() => this.subscribe(), ms);
    this.#cancel = () => clearTimeout(timer);
  }

  #complete(): void {
    this.unsubscribe();
    this.#sink.complete();
  }

  #noteDuration(since: number): void {
    if (since === 0) return;
    const duration = Date.now() - since;
    this.#options.reconnectBackoff.lasted(duration);
    if (duration >= STEADY_MS) this.#restarts = 0;
  }

  /** Undefined for errors that the page must handle. Two codes mean "retry later"; NOT_FOUND is never retried. */
  #retryDelay(errors: readonly GraphQLFormattedError[] | undefined): number | undefined {
    for (const { extensions } of errors ?? []) {
      if (extensions?.code === "RATE_LIMITED") {
        const seconds = typeof extensions.retryAfter === "number" ? extensions.retryAfter : 1;
        return seconds * 1000 + backoff(0, this.#options.random);
      }
      // Without a limit: a page that gave up would stay still after the server has recovered.
      if (extensions?.code === "INTERNAL") return backoff(this.#restarts++, this.#options.random);
    }
    return undefined;
  }
}
