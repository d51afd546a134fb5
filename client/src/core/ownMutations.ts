/**
 * One's own mutations under way. What sync tells meanwhile may be their doing, and their answers bring it along: asking
 * for it again would be one refetch too many.
 */

import { isMutation } from "./requests.ts";

const MOST_MS = 2_000; // whatever keeps an answer for longer, other people's news should not wait for it

export class OwnMutations {
  readonly #underWay = new Set<Promise<unknown>>();

  /** The same `fetch`, with its mutations noted. */
  noting(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return (input, init) => {
      const answer = fetch(input, init);
      if (isMutation(init?.body)) this.#note(answer);
      return answer;
    };
  }

  /** Undefined where there are none; else it waits until they are answered, but not for ever. */
  answered(): Promise<unknown> | undefined {
    if (this.#underWay.size === 0) return undefined;
    return Promise.race([Promise.all(this.#underWay), new Promise((late) => setTimeout(late, MOST_MS))]);
  }

  #note(answer: Promise<Response>): void {
    const read = answer.then((response) => response.clone().text()).catch(() => {});
    this.#underWay.add(read);
    void read.then(() => this.#underWay.delete(read));
  }
}
