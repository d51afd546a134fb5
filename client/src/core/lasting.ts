/**
 * A subscription that outlives its connection.
 *
 * After an error Apollo says `onError` and `onComplete` and then nothing, for ever; urql cannot tell an early end from
 * a proper one. So restarting belongs below both, here, and nowhere else: what is beneath must not retry by itself.
 */

import type { GraphQLFormattedError } from "graphql";
import { backoff, STEADY_MS } from "./backoff.ts";
import { isOver } from "./endings.ts";
import { isRefusal, type Payload, type Result, type Sink, type Transport } from "./transport.ts";
import { WayBack } from "./wayBack.ts";

const UNNOTICED_RETRIES = 5; // a database that blinked is back by then; one that is away longer, the page should tell

export interface LastingOptions {
  wayBack?: WayBack;
  random?: () => number;
  onHeard?: () => void;
  onLost?: () => void;
}

export function lasting(beneath: Transport, options: LastingOptions = {}): Transport {
  const { random = Math.random, wayBack = new WayBack(random), onHeard = () => {}, onLost = () => {} } = options;
  return {
    subscribe(payload, sink) {
      const subscription = new Lasting(beneath, payload, sink, { random, wayBack, onHeard, onLost });
      subscription.follow();
      return () => subscription.leave();
    },
  };
}

class Lasting {
  #leave: () => void = () => {};
  #restarts = 0;
  readonly #beneath: Transport;
  readonly #payload: Payload;
  readonly #sink: Sink;
  readonly #options: Required<LastingOptions>;

  constructor(beneath: Transport, payload: Payload, sink: Sink, options: Required<LastingOptions>) {
    this.#beneath = beneath;
    this.#payload = payload;
    this.#sink = sink;
    this.#options = options;
  }

  follow(): void {
    let last: Result | undefined;
    let since = 0;
    let left = false;
    let unsubscribe = (): void => {
      left = true;
    };
    // graphql-ws also says `complete` to those who leave: whatever comes after leaving is not for us.
    this.#leave = () => {
      left = true;
      unsubscribe();
    };

    const next = (result: Result) => {
      if (left) return;
      if (result.errors) this.#settle(since);
      const wait = this.#retryAfter(result.errors);
      const isBroken = wait !== undefined && this.#restarts > UNNOTICED_RETRIES;
      this.#options[isBroken ? "onLost" : "onHeard"]();
      if (wait !== undefined) return this.#again(wait);
      since ||= Date.now();
      last = result;
      this.#sink.next(result);
    };
    const complete = () => {
      if (left) return;
      if (isOver(last)) return this.#end();
      this.#settle(since);
      this.#again(backoff(this.#restarts++, this.#options.random));
    };
    const error = (cause: unknown) => {
      if (left) return;
      if (isRefusal(cause)) {
        next({ errors: cause });
        return complete();
      }
      this.#settle(since);
      this.leave();
      this.#options.onLost();
      this.#leave = this.#options.wayBack.wait(() => this.follow());
    };

    unsubscribe = this.#beneath.subscribe(this.#payload, { next, error, complete });
    if (left) unsubscribe();
  }

  leave(): void {
    this.#leave();
  }

  #again(ms: number): void {
    this.leave();
    const timer = setTimeout(() => this.follow(), ms);
    this.#leave = () => clearTimeout(timer);
  }

  #end(): void {
    this.leave();
    this.#sink.complete();
  }

  #settle(since: number): void {
    if (since === 0) return;
    const held = Date.now() - since;
    this.#options.wayBack.held(held);
    if (held >= STEADY_MS) this.#restarts = 0;
  }

  /** Errors are the page's to show, except the two that mean "later". NOT_FOUND above all is never asked twice. */
  #retryAfter(errors: readonly GraphQLFormattedError[] | undefined): number | undefined {
    for (const { extensions } of errors ?? []) {
      if (extensions?.code === "RATE_LIMITED") {
        const seconds = typeof extensions.retryAfter === "number" ? extensions.retryAfter : 1;
        return seconds * 1000 + backoff(0, this.#options.random);
      }
      // However long its database is away: a page that gave up would stand still when all is well again.
      if (extensions?.code === "INTERNAL") return backoff(this.#restarts++, this.#options.random);
    }
    return undefined;
  }
}
