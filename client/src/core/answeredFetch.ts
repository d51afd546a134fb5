/** A `fetch` that fails when nobody answers: a half-open connection never says so, and a page would wait for ever. */

const ANSWER_WITHIN_MS = 15_000; // longer than a busy server takes for its slowest answer

export function answeredFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const silence = new AbortController();
    const signal = init?.signal ? AbortSignal.any([init.signal, silence.signal]) : silence.signal;
    // As every other failure of the network: whoever asks again after those asks again after this.
    const timer = setTimeout(() => silence.abort(new TypeError("Nobody answered.")), ANSWER_WITHIN_MS);
    try {
      return await fetch(input, { ...init, signal });
    } finally {
      clearTimeout(timer);
    }
  };
}
