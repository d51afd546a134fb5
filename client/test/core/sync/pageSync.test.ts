import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PageSync } from "../../../src/core/sync/pageSync.ts";

interface Page {
  shown: number | undefined;
  server: number;
  takes?: number;
  /** Whether the refetch returns a promise. urql's does not: the page shows the result when it arrives. */
  returnsPromise?: boolean;
}

/** A page whose fetch returns, after `takes` milliseconds, the revision that the server had at its start. */
function page({ shown, server, takes = 10, returnsPromise = true }: Page) {
  const state = { shown, server, fetches: 0, fails: false };
  const fetch = async () => {
    state.fetches++;
    const answer = state.server;
    await new Promise((done) => setTimeout(done, takes));
    if (state.fails) throw new Error("offline");
    state.shown = answer;
  };
  const sync: PageSync = new PageSync({
    random: () => 0.5,
    shown: () => state.shown,
    refetch: returnsPromise
      ? fetch
      : () => {
          void fetch()
            .catch(() => {})
            .then(() => sync.check());
        },
  });
  const receive = (revision: number, deleted = false) => sync.receive({ id: "1", revision, deleted });
  return { state, sync, receive };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("an event", () => {
  test("with a greater revision than the page's causes one refetch", async () => {
    const { state, receive } = page({ shown: 1, server: 2 });
    receive(2);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 2 });
  });

  test.each([1, 0])("with revision %i causes none if the page shows 1", async (revision) => {
    const { state, receive } = page({ shown: 1, server: 1 });
    receive(revision);
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
  });

  test("that is older than the page starts no loop of refetches", async () => {
    const { state, receive } = page({ shown: 5, server: 5 });
    receive(4);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.fetches).toBe(0);
  });

  test("that arrives thirty times in a burst causes one refetch", async () => {
    const { state, receive } = page({ shown: 1, server: 31 });
    for (let revision = 2; revision <= 31; revision++) receive(revision);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 31 });
  });

  test("after event, without a pause, does not delay the refetch for ever", async () => {
    const { state, receive } = page({ shown: 1, server: 100 });
    for (let revision = 2; revision <= 20; revision++) {
      receive(revision);
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(state.fetches).toBe(1);
  });

  test("that arrives before the mutation's response causes none, if the response updates the page", async () => {
    const { state, receive } = page({ shown: 1, server: 2 });
    receive(2);
    await vi.advanceTimersByTimeAsync(49);
    state.shown = 2;
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
  });

  test("during a refetch whose result is older causes one more refetch", async () => {
    const { state, receive } = page({ shown: 1, server: 2, takes: 100 });
    receive(2);
    await vi.advanceTimersByTimeAsync(150);
    expect(state.fetches).toBe(1);
    state.server = 3;
    receive(3);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 2, shown: 3 });
  });

  test("out of order does not lower the greatest revision", async () => {
    const { state, receive } = page({ shown: 1, server: 3 });
    receive(3);
    receive(2);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 3 });
  });

  test("before the first data causes a refetch after it", async () => {
    const { state, receive, sync } = page({ shown: undefined, server: 2 });
    receive(2);
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
    state.shown = 1;
    sync.check();
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 2 });
  });

  test("before the first data causes none if the data is as new", async () => {
    const { state, receive, sync } = page({ shown: undefined, server: 2 });
    receive(2);
    state.shown = 2;
    sync.check();
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
  });

  test("that says deleted causes one refetch of a page that then shows nothing, and a later revision another", async () => {
    const { state, receive } = page({ shown: 4, server: 5 });
    receive(5);
    await vi.runAllTimersAsync();
    state.server = 0;
    receive(0, true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state).toMatchObject({ fetches: 2, shown: 0 });
    state.server = 7;
    receive(7);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state).toMatchObject({ fetches: 3, shown: 7 });
  });

  test("that says deleted causes one refetch", async () => {
    const { state, receive } = page({ shown: 3, server: 3 });
    receive(0, true);
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(1);
  });
});

describe("a refetch", () => {
  test.each([true, false])(
    "that fails is repeated with growing delays until it succeeds (returns a promise: %s)",
    async (returnsPromise) => {
      const { state, receive } = page({ shown: 1, server: 2, returnsPromise });
      state.fails = true;
      receive(2);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(state.fetches).toBeGreaterThan(5);
      expect(state.fetches).toBeLessThan(25);
      state.fails = false;
      await vi.advanceTimersByTimeAsync(10_000);
      expect(state.shown).toBe(2);
    },
  );

  test("that has failed for long is repeated at once after the next event", async () => {
    const { state, receive } = page({ shown: 1, server: 2 });
    state.fails = true;
    receive(2);
    await vi.advanceTimersByTimeAsync(60_000);
    state.fails = false;
    receive(2);
    await vi.advanceTimersByTimeAsync(200);
    expect(state.shown).toBe(2);
  });

  test("that keeps returning an old revision does not become a loop", async () => {
    const { state, receive } = page({ shown: 1, server: 1 });
    receive(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.fetches).toBeLessThan(25);
  });

  test("does not start after the page has stopped", async () => {
    const { state, receive, sync } = page({ shown: 1, server: 2 });
    receive(2);
    sync.stop();
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
  });
});

describe("a refetch without a promise", () => {
  test("is not repeated until the page shows its result, whatever events arrive", async () => {
    const { state, receive } = page({ shown: 1, server: 31, takes: 1_000, returnsPromise: false });
    for (let revision = 2; revision <= 31; revision++) {
      receive(revision);
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 31 });
  });

  test("is repeated once if its result is older than an event that arrived meanwhile", async () => {
    const { state, receive } = page({ shown: 1, server: 2, takes: 500, returnsPromise: false });
    receive(2);
    await vi.advanceTimersByTimeAsync(150);
    state.server = 3;
    receive(3);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 2, shown: 3 });
  });
});
