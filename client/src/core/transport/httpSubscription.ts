/** One subscription over HTTP: on a stream of its own, or asking every now and then. */

import type { StreamedType } from "../subscription/defineStream.ts";
import { isComplete } from "./completion.ts";
import { type Ask, type Poll, pollFor } from "./polling.ts";
import type { Slot } from "./streamSlots.ts";
import type { Payload, Result, Sink, Transport } from "./transport.ts";
import { isHidden } from "./wakeEvents.ts";

const ASK_EVERY_MS = 2_000;
const ASK_HIDDEN_EVERY_MS = 10_000; // nobody looks

// A stream says nothing while nothing happens, so a dead one looks like a quiet one. Begun anew, it starts with how
// things are.
const RENEW_EVERY_MS = 60_000;

const BEGIN_WITHIN_MS = 5_000; // each begins with how things are, at once

export class HttpSubscription {
  #leave: () => void = () => {};
  #slot: Slot | undefined;
  readonly payload: Payload;
  readonly #sink: Sink;
  readonly #questions: Poll | undefined;

  constructor(payload: Payload, sink: Sink, streams: readonly StreamedType[]) {
    this.payload = payload;
    this.#sink = sink;
    this.#questions = pollFor(payload, streams);
  }

  get isStreaming(): boolean {
    return this.#slot !== undefined;
  }

  /** `onSilence`: it does not begin, though it could be asked for instead. */
  stream(streams: Transport, slot: Slot, onSilence: () => void): void {
    this.leave();
    this.#slot = slot;
    let left = false;
    const silence = this.#questions && setTimeout(onSilence, BEGIN_WITHIN_MS);
    const isHeard = () => {
      clearTimeout(silence);
      return !left; // graphql-sse completes for those who leave, too
    };
    const unsubscribe = streams.subscribe(this.payload, {
      next: (result) => isHeard() && this.#sink.next(result),
      error: (cause) => isHeard() && this.#sink.error(cause),
      complete: () => isHeard() && this.#sink.complete(),
    });
    const renewal = setTimeout(() => this.#sink.complete(), RENEW_EVERY_MS); // too early, so it is asked for again
    this.#leave = () => {
      left = true;
      clearTimeout(silence);
      clearTimeout(renewal);
      unsubscribe();
    };
  }

  ask(ask: Ask): void {
    this.leave();
    const questions = this.#questions;
    if (questions === undefined) return; // it has to wait for a stream
    let left = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const round = async () => {
      let last: Result | undefined;
      try {
        for (const result of await questions(ask)) {
          if (left) return;
          last = result;
          this.#sink.next(result);
        }
      } catch (cause) {
        if (!left) this.#sink.error(cause);
        return;
      }
      if (left) return;
      if (isComplete(last)) return this.#sink.complete();
      timer = setTimeout(round, isHidden() ? ASK_HIDDEN_EVERY_MS : ASK_EVERY_MS);
    };
    this.#leave = () => {
      left = true;
      clearTimeout(timer);
    };
    void round();
  }

  fail(cause: unknown): void {
    this.leave();
    this.#sink.error(cause);
  }

  leave(): void {
    this.yieldSlot()?.release();
    this.#leave();
    this.#leave = () => {};
  }

  /** Hands the slot on; what held it must do something else next. */
  yieldSlot(): Slot | undefined {
    const slot = this.#slot;
    this.#slot = undefined;
    return slot;
  }
}
