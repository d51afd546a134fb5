/** Reports the results that a connection receives, for developer tools. Costs nothing without a listener. */

import type { Payload, Result, Transport } from "./transport.ts";

export interface ReceivedResult {
  /** `subscription`: a sync event, or a frame of a stream. `response`: the answer to a query or mutation. */
  readonly source: "subscription" | "response";
  /** Name of the operation, for example `MessageStream`. */
  readonly operation: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** For a subscription the object that the subscriber receives. Do not change it. */
  readonly result: Result;
  /** Milliseconds from the request to its response. Undefined for a subscription. */
  readonly durationMs: number | undefined;
}

export type ResultListener = (received: ReceivedResult) => void;

export class ResultListeners {
  readonly #listeners = new Set<ResultListener>();

  /** Returns a function that removes the listener. */
  readonly add = (listener: ResultListener): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** The same transport, whose results are reported. */
  observing(transport: Transport): Transport {
    return {
      subscribe: (payload, sink) =>
        transport.subscribe(payload, {
          error: (cause) => sink.error(cause),
          complete: () => sink.complete(),
          next: (result) => {
            sink.next(result);
            this.#report("subscription", payload, result);
          },
        }),
    };
  }

  /** The same `fetch`, whose responses are reported. */
  reporting(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return async (input, init) => {
      const start = Date.now();
      const response = await fetch(input, init);
      if (this.#listeners.size > 0 && typeof init?.body === "string")
        this.#reportResponse(JSON.parse(init.body), response.clone(), Date.now() - start);
      return response;
    };
  }

  #reportResponse(payload: Payload, response: Response, durationMs: number): void {
    response.json().then(
      (result: Result) => this.#report("response", payload, result, durationMs),
      () => {}, // a proxy's page, or a connection that broke off: the caller notices it too
    );
  }

  #report(source: ReceivedResult["source"], payload: Payload, result: Result, durationMs?: number): void {
    const { operationName, variables } = payload;
    for (const listener of this.#listeners)
      try {
        listener({ source, operation: operationName ?? undefined, variables: variables ?? {}, result, durationMs });
      } catch (error) {
        console.error(error); // a listener that throws must not break the connection
      }
  }
}
