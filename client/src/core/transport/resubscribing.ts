/**
 * Subscriptions that survive a lost connection and an early end.
 *
 * After an error Apollo calls `onError` and `onComplete` and then nothing. urql cannot tell an early end from a proper
 * one. So resubscribing belongs below both, and happens here only: the transport beneath must not retry by itself.
 *
 * A gateway in between reports a lost server as a GraphQL error with a code of its own. That is a lost connection too.
 */

import type { GraphQLFormattedError } from "graphql";
import { backoff, STEADY_MS } from "./backoff.ts";
import { isComplete } from "./completion.ts";
import { isAnswer, ownError, tolerant } from "./errors.ts";
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
  /** Called if one subscription is sent again after a delay, with the errors that caused it. */
  onRetry?: (payload: Payload, delayMs: number, errors?: readonly GraphQLFormattedError[]) => void;
  /** Called if the server refuses a subscription for good. */
  onRefused?: (payload: Payload, errors: readonly GraphQLFormattedError[]) => void;
}

export function resubscribing(transport: Transport, options: ResubscribingOptions = {}): Transport {
  const {
    random = Math.random,
    reconnectBackoff = new ReconnectBackoff(random),
    onResult = () => {},
    onLost = () => {},
    onRetry = () => {},
    onRefused = () => {},
  } = options;
  return {
    subscribe(payload, sink) {
      const complete = { random, reconnectBackoff, onResult, onLost, onRetry, onRefused };
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

    const next = (given: Result) => {
      if (isCancelled) return;
      const result = tolerant(given);
      if (result.errors) this.#noteDuration(since);
      const delay = this.#retryDelay(result);
      const isFailing = delay !== undefined && this.#restarts > SILENT_RETRIES;
      this.#options[isFailing ? "onLost" : "onResult"]();
      if (delay !== undefined) return this.#resubscribeAfter(delay, result.errors);
      if (result.errors?.some(isAnswer)) this.#options.onRefused(this.#payload, result.errors);
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

  #resubscribeAfter(ms: number, errors?: readonly GraphQLFormattedError[]): void {
    this.unsubscribe();
    this.#options.onRetry(this.#payload, ms, errors);
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
  #retryDelay({ data, errors = [] }: Result): number | undefined {
    for (const error of errors) {
      const extensions = ownError(error)?.extensions;
      if (extensions?.code === "RATE_LIMITED") {
        const seconds = typeof extensions.retryAfter === "number" ? extensions.retryAfter : 1;
        return seconds * 1000 + backoff(0, this.#options.random);
      }
      // Without a limit: a page that gave up would stay still after the server has recovered.
      if (extensions?.code === "INTERNAL") return backoff(this.#restarts++, this.#options.random);
    }
    if (errors.length > 0 && !errors.some(isAnswer) && !hasField(data))
      return backoff(this.#restarts++, this.#options.random);
    return undefined;
  }
}

/** A gateway's error beside the object itself concerns one of its fields only. */
function hasField(data: Result["data"]): boolean {
  return Object.values(data ?? {}).some((field) => field != null);
}
