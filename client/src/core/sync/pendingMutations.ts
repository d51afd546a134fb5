/**
 * The mutations of this client that have not been answered yet. A sync event that arrives meanwhile may be caused by one
 * of them, and its response brings the change. A refetch for that event would be superfluous.
 */

import { isMutation } from "../http/requests.ts";

const LONGEST_WAIT_MS = 2_000; // the event may be another user's change, which must not wait for a slow mutation

export class PendingMutations {
  readonly #pending = new Set<Promise<unknown>>();

  /** Returns the same `fetch`, with its mutations tracked. */
  tracking(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return (input, init) => {
      const response = fetch(input, init);
      if (isMutation(init?.body)) this.#track(response);
      return response;
    };
  }

  /** Resolves when the pending mutations are answered, or after 2 s. Undefined if there are none. */
  settled(): Promise<unknown> | undefined {
    if (this.#pending.size === 0) return undefined;
    return Promise.race([Promise.all(this.#pending), new Promise((late) => setTimeout(late, LONGEST_WAIT_MS))]);
  }

  #track(response: Promise<Response>): void {
    const read = response.then((response) => response.clone().text()).catch(() => {});
    this.#pending.add(read);
    void read.then(() => this.#pending.delete(read));
  }
}
