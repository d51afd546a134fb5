import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { authorizedFetch } from "../../../src/core/http/authorizedFetch.ts";
import { fetchWithTimeout } from "../../../src/core/http/fetchWithTimeout.ts";
import { retryingFetch } from "../../../src/core/http/retryingFetch.ts";
import { Tokens } from "../../../src/core/http/tokens.ts";

type Step = Response | Error;

/** A server that gives these responses or errors in order. */
function serverOf(...steps: Step[]) {
  const requests: (string | null)[] = [];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    requests.push(new Headers(init?.headers).get("authorization"));
    const step = steps.shift();
    if (step === undefined || step instanceof Error) throw step ?? new Error("too many requests");
    return step;
  };
  return { fetch, requests };
}

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const ok = () => json({ data: { viewer: null } });
const rejected = (status = 200) =>
  json({ data: null, errors: [{ message: "Expired.", extensions: { code: "UNAUTHENTICATED" } }] }, status);
const query = { method: "POST", body: JSON.stringify({ query: "query Q { viewer { id } }" }) };
const mutation = { method: "POST", body: JSON.stringify({ query: "fragment F on X { id }\nmutation M { a }" }) };
const renewing = () => new Tokens((refused) => (refused ? "new" : "old"));
const at0 = () => 0;

describe("a token", () => {
  test.each([200, 400, 401])(
    "that is rejected with %i is renewed, and the request is sent once more",
    async (status) => {
      const { fetch, requests } = serverOf(rejected(status), ok());
      const response = await authorizedFetch(renewing(), fetch)("/graphql", query);
      expect(await response.json()).toEqual({ data: { viewer: null } });
      expect(requests).toEqual(["Bearer old", "Bearer new"]);
    },
  );

  test("that is accepted is sent once, and the response is returned unchanged", async () => {
    const { fetch, requests } = serverOf(ok());
    expect(await (await authorizedFetch(renewing(), fetch)("/graphql", query)).json()).toEqual({
      data: { viewer: null },
    });
    expect(requests).toEqual(["Bearer old"]);
  });

  test("that cannot be renewed leaves the rejection as the response", async () => {
    const { fetch, requests } = serverOf(rejected());
    const tokens = new Tokens((refused) => (refused ? null : "old"));
    expect(await (await authorizedFetch(tokens, fetch)("/graphql", query)).json()).toMatchObject({ data: null });
    expect(requests).toEqual(["Bearer old"]);
  });

  test("is not renewed for the error of one field, such as a wrong password", async () => {
    const error = { message: "Wrong.", path: ["signIn"], extensions: { code: "UNAUTHENTICATED" } };
    const { fetch, requests } = serverOf(json({ data: null, errors: [error] }));
    await authorizedFetch(renewing(), fetch)("/graphql", mutation);
    expect(requests).toHaveLength(1);
  });

  test("that is null is not sent and not renewed", async () => {
    const { fetch, requests } = serverOf(rejected());
    await authorizedFetch(new Tokens(null), fetch)("/graphql", query);
    expect(requests).toEqual([null]);
  });
});

describe("a query that reaches no server", () => {
  test.each([
    ["a network error", new TypeError("fetch failed")],
    ["an answer of a proxy", json({}, 503)],
  ])("because of %s is retried", async (_, step) => {
    const { fetch, requests } = serverOf(step, ok());
    expect((await retryingFetch(fetch, at0)("/graphql", query)).status).toBe(200);
    expect(requests).toHaveLength(2);
  });

  test("fails after five attempts", async () => {
    const { fetch, requests } = serverOf(...Array.from({ length: 9 }, () => new TypeError("fetch failed")));
    await expect(retryingFetch(fetch, at0)("/graphql", query)).rejects.toThrow("fetch failed");
    expect(requests).toHaveLength(5);
  });

  test("is not retried after it is aborted", async () => {
    const { fetch, requests } = serverOf(new TypeError("fetch failed"), ok());
    const leaving = new AbortController();
    const asking = retryingFetch(fetch, () => 1)("/graphql", { ...query, signal: leaving.signal });
    setTimeout(() => leaving.abort());
    await expect(asking).rejects.toThrow(/abort/i);
    expect(requests).toHaveLength(1);
  });
});

describe("over a half-open connection", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** The first request gets no response, the others do. */
  function halfOpen() {
    let requests = 0;
    const fetch: typeof globalThis.fetch = (_, init) =>
      ++requests > 1
        ? Promise.resolve(ok())
        : new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
    return { fetch: retryingFetch(fetchWithTimeout(fetch), at0), requests: () => requests };
  }

  test("a query is retried after 15 seconds", async () => {
    const { fetch, requests } = halfOpen();
    const asking = fetch("/graphql", query);
    await vi.advanceTimersByTimeAsync(15_001); // the backoff is 0 here
    expect((await asking).status).toBe(200);
    expect(requests()).toBe(2);
  });

  test("a mutation fails after 15 seconds, and is not retried", async () => {
    const { fetch, requests } = halfOpen();
    const failing = expect(fetch("/graphql", mutation)).rejects.toThrow("did not respond within 15 seconds");
    await vi.advanceTimersByTimeAsync(15_000);
    await failing;
    expect(requests()).toBe(1);
  });

  test("an aborted query is not retried", async () => {
    const { fetch, requests } = halfOpen();
    const leaving = new AbortController();
    const failing = expect(fetch("/graphql", { ...query, signal: leaving.signal })).rejects.toThrow(/abort/i);
    leaving.abort();
    await vi.advanceTimersByTimeAsync(15_000);
    await failing;
    expect(requests()).toBe(1);
  });
});

test("a mutation is not retried, since the server may have executed it", async () => {
  const { fetch, requests } = serverOf(new TypeError("fetch failed"), ok());
  await expect(retryingFetch(fetch, at0)("/graphql", mutation)).rejects.toThrow("fetch failed");
  expect(requests).toHaveLength(1);
});

test("a mutation that follows a fragment on the same line is not retried either", async () => {
  const { fetch, requests } = serverOf(new TypeError("fetch failed"), ok());
  const minified = { method: "POST", body: JSON.stringify({ query: "fragment F on X{id}mutation M{a{...F}}" }) };
  await expect(retryingFetch(fetch, at0)("/graphql", minified)).rejects.toThrow("fetch failed");
  expect(requests).toHaveLength(1);
});

test("a server error with status 500 is returned and not retried", async () => {
  const { fetch, requests } = serverOf(json({}, 500));
  expect((await retryingFetch(fetch, at0)("/graphql", query)).status).toBe(500);
  expect(requests).toHaveLength(1);
});
