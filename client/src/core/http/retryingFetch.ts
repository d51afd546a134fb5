/** A `fetch` that repeats a query if the server could not be reached, for example while it restarts. */

import { backoff } from "../transport/backoff.ts";
import { isQuery } from "./requests.ts";

const ATTEMPTS = 5; // about four seconds if connections are refused: a restarting server is back by then

export function retryingFetch(
  fetch: typeof globalThis.fetch,
  random: () => number = Math.random,
): typeof globalThis.fetch {
  return async (input, init) => {
    for (let attempt = 1; ; attempt++) {
      const mayRetry = attempt < ATTEMPTS && isQuery(init?.body); // the server may have executed a mutation
      try {
        const response = await fetch(input, init);
        if (!mayRetry || !isGatewayError(response)) return response;
      } catch (error) {
        if (!mayRetry || !(error instanceof TypeError)) throw error;
      }
      await delay(backoff(attempt, random), init?.signal);
    }
  };
}

/** True if a proxy answered in place of a server that it could not reach. */
function isGatewayError({ status }: Response): boolean {
  return status >= 502 && status <= 504;
}

function delay(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason ?? new Error("The request was aborted.")); // React Native's signals have no reason
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort);
  });
}
