/** The live subscriptions of a test connection. */

import type { GraphQLFormattedError } from "graphql";
import type { Payload, Result, Sink } from "../core/transport/transport.ts";
import { idsOf } from "./frames.ts";

export interface LiveSubscription {
  readonly operationName: string;
  readonly variables: Record<string, unknown>;
}

interface Entry {
  readonly payload: Payload;
  readonly sink: Sink;
}

type Latest = (payload: Payload) => { result: Result; isLast: boolean } | undefined;

export class Subscriptions {
  readonly #entries = new Set<Entry>();
  readonly #latest: Latest;
  #isPaused = false;

  constructor(latest: Latest) {
    this.#latest = latest;
  }

  get list(): readonly LiveSubscription[] {
    return [...this.#entries].map(({ payload: { operationName, variables } }) => ({
      operationName: operationName ?? "",
      variables: variables ?? {},
    }));
  }

  /** Sends what the server would send first, once the caller has the function that unsubscribes. */
  add(payload: Payload, sink: Sink): () => void {
    const entry = { payload, sink };
    this.#entries.add(entry);
    queueMicrotask(() => this.#sendTo(entry));
    return () => this.#entries.delete(entry);
  }

  send(id: string): void {
    for (const entry of this.#of(id)) this.#sendTo(entry);
  }

  refuse(id: string, error: GraphQLFormattedError): void {
    for (const entry of this.#of(id)) {
      entry.sink.next({ data: null, errors: [error] });
      this.#complete(entry);
    }
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const entry of [...this.#entries]) this.#sendTo(entry);
  }

  clear(): void {
    this.#entries.clear();
  }

  #of(id: string): Entry[] {
    return [...this.#entries].filter(({ payload }) => idsOf(payload.variables).includes(id));
  }

  #sendTo(entry: Entry): void {
    if (this.#isPaused || !this.#entries.has(entry)) return;
    const latest = this.#latest(entry.payload);
    if (latest === undefined) return;
    entry.sink.next(latest.result);
    if (latest.isLast) this.#complete(entry);
  }

  #complete(entry: Entry): void {
    if (this.#entries.delete(entry)) entry.sink.complete();
  }
}
