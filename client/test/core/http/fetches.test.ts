import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { authorizedFetch } from "../../../src/core/http/authorizedFetch.ts";
import { fetchWithTimeout } from "../../../src/core/http/fetchWithTimeout.ts";
import { retryingFetch } from "../../../src/core/http/retryingFetch.ts";
import { Tokens } from "../../../src/core/http/tokens.ts";

type Step = Response | Error;

/** A server that answers these, one after the other. */
function serverOf(...steps: Step[]) {
  const asked: (string | null)[] = [];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    asked.push(new Headers(init?.headers).get("authorization"));
    const step = steps.shift();
    if (step === undefined || step instanceof Error) throw step ?? new Error("asked too often");
    return step;
  };
  return { fetch, asked };
}

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const ok = () => json({ data: { viewer: null } });
const turnedAway = (status = 200) =>
  json({ data: null, errors: [{ message: "Expired.", extensions: { code: "UNAUTHENTICATED" } }] }, status);
const query = { method: "POST", body: JSON.stringify({ query: "query Q { viewer { id } }" }) };
const mutation = { method: "POST", body: JSON.stringify({ query: "fragment F on X { id }\nmutation M { a }" }) };
const renewing = () => new Tokens((refused) => (refused ? "new" : "old"));
const at0 = () => 0;

describe("a token", () => {
  test.each([200, 400, 401])(
    "that is turned away with %i is renewed, and the request sent once more",
    async (status) => {
      const { fetch, asked } = serverOf(turnedAway(status), ok());
      const response = await authorizedFetch(renewing(), fetch)("/graphql", query);
      expect(await response.json()).toEqual({ data: { viewer: null } });
      expect(asked).toEqual(["Bearer old", "Bearer new"]);
    },
  );

  test("that is good is sent, and its answer handed on untouched", async () => {
    const { fetch, asked } = serverOf(ok());
    expect(await (await authorizedFetch(renewing(), fetch)("/graphql", query)).json()).toEqual({
      data: { viewer: null },
    });
    expect(asked).toEqual(["Bearer old"]);
  });

  test("that cannot be renewed leaves the refusal as the answer", async () => {
    const { fetch, asked } = serverOf(turnedAway());
    const tokens = new Tokens((refused) => (refused ? null : "old"));
    expect(await (await authorizedFetch(tokens, fetch)("/graphql", query)).json()).toMatchObject({ data: null });
    expect(asked).toEqual(["Bearer old"]);
  });

  test("is not renewed for one field's refusal, such as a wrong password's", async () => {
    const error = { message: "Wrong.", path: ["signIn"], extensions: { code: "UNAUTHENTICATED" } };
    const { fetch, asked } = serverOf(json({ data: null, errors: [error] }));
    await authorizedFetch(renewing(), fetch)("/graphql", mutation);
    expect(asked).toHaveLength(1);
  });

  test("that there is none of sends none, and asks for none", async () => {
    const { fetch, asked } = serverOf(turnedAway());
    await authorizedFetch(new Tokens(null), fetch)("/graphql", query);
    expect(asked).toEqual([null]);
  });
});

describe("a query that nobody answers", () => {
  test.each([
    ["no network", new TypeError("fetch failed")],
    ["a proxy that speaks for a server that is away", json({}, 503)],
  ])("for %s is asked again", async (_, step) => {
    const { fetch, asked } = serverOf(step, ok());
    expect((await retryingFetch(fetch, at0)("/graphql", query)).status).toBe(200);
    expect(asked).toHaveLength(2);
  });

  test("time and again fails in the end", async () => {
    const { fetch, asked } = serverOf(...Array.from({ length: 9 }, () => new TypeError("fetch failed")));
    await expect(retryingFetch(fetch, at0)("/graphql", query)).rejects.toThrow("fetch failed");
    expect(asked).toHaveLength(5);
  });

  test("is not asked again by a page that was left", async () => {
    const { fetch, asked } = serverOf(new TypeError("fetch failed"), ok());
    const leaving = new AbortController();
    const asking = retryingFetch(fetch, () => 1)("/graphql", { ...query, signal: leaving.signal });
    setTimeout(() => leaving.abort());
    await expect(asking).rejects.toThrow(/abort/i);
    expect(asked).toHaveLength(1);
  });
});

describe("over a connection that is dead and does not say so", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** The first request is never answered, the others are. */
  function halfOpen() {
    let asked = 0;
    const fetch: typeof globalThis.fetch = (_, init) =>
      ++asked > 1
        ? Promise.resolve(ok())
        : new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
    return { fetch: retryingFetch(fetchWithTimeout(fetch), at0), asked: () => asked };
  }

  test("a query is asked again", async () => {
    const { fetch, asked } = halfOpen();
    const asking = fetch("/graphql", query);
    await vi.advanceTimersByTimeAsync(15_001); // and then at once
    expect((await asking).status).toBe(200);
    expect(asked()).toBe(2);
  });

  test("a mutation fails, for its sender to decide", async () => {
    const { fetch, asked } = halfOpen();
    const failing = expect(fetch("/graphql", mutation)).rejects.toThrow("did not respond within 15 seconds");
    await vi.advanceTimersByTimeAsync(15_000);
    await failing;
    expect(asked()).toBe(1);
  });

  test("a page that was left asks no more", async () => {
    const { fetch, asked } = halfOpen();
    const leaving = new AbortController();
    const failing = expect(fetch("/graphql", { ...query, signal: leaving.signal })).rejects.toThrow(/abort/i);
    leaving.abort();
    await vi.advanceTimersByTimeAsync(15_000);
    await failing;
    expect(asked()).toBe(1);
  });
});

test("a mutation is not repeated: it may have been done", async () => {
  const { fetch, asked } = serverOf(new TypeError("fetch failed"), ok());
  await expect(retryingFetch(fetch, at0)("/graphql", mutation)).rejects.toThrow("fetch failed");
  expect(asked).toHaveLength(1);
});

test("nor is one that follows a fragment on the same line", async () => {
  const { fetch, asked } = serverOf(new TypeError("fetch failed"), ok());
  const minified = { method: "POST", body: JSON.stringify({ query: "fragment F on X{id}mutation M{a{...F}}" }) };
  await expect(retryingFetch(fetch, at0)("/graphql", minified)).rejects.toThrow("fetch failed");
  expect(asked).toHaveLength(1);
});

test("an answer that says no is an answer", async () => {
  const { fetch, asked } = serverOf(json({}, 500));
  expect((await retryingFetch(fetch, at0)("/graphql", query)).status).toBe(500);
  expect(asked).toHaveLength(1);
});
