/** A `fetch` with a deadline: a half-open connection reports no error, so a request on it would never settle. */

const RESPONSE_TIMEOUT_MS = 15_000; // longer than a busy server takes for its slowest response

export function fetchWithTimeout(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const deadline = new AbortController();
    const signal = init?.signal ? AbortSignal.any([init.signal, deadline.signal]) : deadline.signal;
    // A TypeError, as fetch throws for every other network failure: callers that retry those retry this one too.
    const timeout = new TypeError(`The server did not respond within ${RESPONSE_TIMEOUT_MS / 1000} seconds.`);
    const timer = setTimeout(() => deadline.abort(timeout), RESPONSE_TIMEOUT_MS);
    try {
      return await fetch(input, { ...init, signal });
    } finally {
      clearTimeout(timer);
    }
  };
}
