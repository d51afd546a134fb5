/** A `fetch` that asks a query a few times more when nobody answered, as while a server restarts. */

import { backoff } from "./backoff.ts";
import { isQuery } from "./requests.ts";

const ATTEMPTS = 5; // four seconds or so where nobody is there: a server that restarts is back by then

export function retryingFetch(
  fetch: typeof globalThis.fetch,
  random: () => number = Math.random,
): typeof globalThis.fetch {
  return async (input, init) => {
    for (let attempt = 1; ; attempt++) {
      const mayRepeat = attempt < ATTEMPTS && isQuery(init?.body); // a mutation may have been done
      try {
        const response = await fetch(input, init);
        if (!mayRepeat || !isAway(response)) return response;
      } catch (error) {
        if (!mayRepeat || !(error instanceof TypeError)) throw error;
      }
      await pause(backoff(attempt, random), init?.signal);
    }
  };
}

/** A proxy speaks for a server that is not there. */
function isAway({ status }: Response): boolean {
  return status >= 502 && status <= 504;
}

function pause(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort);
  });
}
