/** A `fetch` with a deadline: a half-open connection reports no error, so a request on it would never settle. */

const RESPONSE_TIMEOUT_MS = 15_000; // longer than a busy server takes for its slowest response

export function fetchWithTimeout(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const controller = new AbortController();
    follow(init?.signal, controller);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      controller.abort();
    }, RESPONSE_TIMEOUT_MS);
    try {
      return await fetch(input, { ...init, signal: controller.signal });
    } catch (error) {
      // A TypeError, as fetch throws for every other network failure: callers that retry those retry this one too.
      if (isLate) throw new TypeError(`The server did not respond within ${RESPONSE_TIMEOUT_MS / 1000} seconds.`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Like `AbortSignal.any`, which React Native lacks. It listens on, since the caller may also abort a long response. */
function follow(signal: AbortSignal | null | undefined, controller: AbortController): void {
  if (signal?.aborted) controller.abort(signal.reason);
  else signal?.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
}
