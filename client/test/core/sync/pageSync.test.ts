import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PageSync } from "../../../src/core/sync/pageSync.ts";

interface Page {
  shown: number | undefined;
  server: number;
  takes?: number;
  /** Whether the refetch gives a promise. urql's says nothing: its answer is shown when it comes. */
  isTold?: boolean;
}

/** A page whose fetch answers what the server had when it was asked, after `takes` milliseconds. */
function page({ shown, server, takes = 10, isTold = true }: Page) {
  const state = { shown, server, fetches: 0, fails: false };
  const fetch = async () => {
    state.fetches++;
    const answer = state.server;
    await new Promise((done) => setTimeout(done, takes));
    if (state.fails) throw new Error("offline");
    state.shown = answer;
  };
  const rule: PageSync = new PageSync({
    random: () => 0.5,
    shown: () => state.shown,
    refetch: isTold
      ? fetch
      : () => {
          void fetch()
            .catch(() => {})
            .then(() => rule.check());
        },
  });
  const hear = (revision: number, deleted = false) => rule.receive({ id: "1", revision, deleted });
  return { state, rule, hear };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("an event", () => {
  test("with a greater revision than the page's is one refetch", async () => {
    const { state, hear } = page({ shown: 1, server: 2 });
    hear(2);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 2 });
  });

  test.each([1, 0])("with revision %i is none where the page shows 1", async (revision) => {
    const { state, hear } = page({ shown: 1, server: 1 });
    hear(revision);
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
  });

  test("that is older than what the page shows starts no loop", async () => {
    const { state, hear } = page({ shown: 5, server: 5 });
    hear(4);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.fetches).toBe(0);
  });

  test("thirty times in a burst is one refetch", async () => {
    const { state, hear } = page({ shown: 1, server: 31 });
    for (let revision = 2; revision <= 31; revision++) hear(revision);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 31 });
  });

  test("after event, without a pause between them, does not put the refetch off for ever", async () => {
    const { state, hear } = page({ shown: 1, server: 100 });
    for (let revision = 2; revision <= 20; revision++) {
      hear(revision);
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(state.fetches).toBe(1);
  });

  test("that overtakes the mutation's answer is none, if the answer brings the page along", async () => {
    const { state, hear } = page({ shown: 1, server: 2 });
    hear(2);
    await vi.advanceTimersByTimeAsync(49);
    state.shown = 2;
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
  });

  test("during a refetch whose answer is older is one refetch more", async () => {
    const { state, hear } = page({ shown: 1, server: 2, takes: 100 });
    hear(2);
    await vi.advanceTimersByTimeAsync(150);
    expect(state.fetches).toBe(1);
    state.server = 3;
    hear(3);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 2, shown: 3 });
  });

  test("out of order counts as the greatest that was heard", async () => {
    const { state, hear } = page({ shown: 1, server: 3 });
    hear(3);
    hear(2);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 3 });
  });

  test("before the first data waits for it", async () => {
    const { state, hear, rule } = page({ shown: undefined, server: 2 });
    hear(2);
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
    state.shown = 1;
    rule.check();
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 2 });
  });

  test("before the first data is forgotten if that is as new", async () => {
    const { state, hear, rule } = page({ shown: undefined, server: 2 });
    hear(2);
    state.shown = 2;
    rule.check();
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
  });

  test("that says deleted leaves a page to rest that finds nothing any more, until there is something again", async () => {
    const { state, hear } = page({ shown: 4, server: 5 });
    hear(5);
    await vi.runAllTimersAsync();
    state.server = 0;
    hear(0, true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state).toMatchObject({ fetches: 2, shown: 0 });
    state.server = 7;
    hear(7);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state).toMatchObject({ fetches: 3, shown: 7 });
  });

  test("that says deleted is one refetch", async () => {
    const { state, hear } = page({ shown: 3, server: 3 });
    hear(0, true);
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(1);
  });
});

describe("a refetch", () => {
  test.each([true, false])(
    "that fails is tried again, ever more slowly, until it succeeds (told: %s)",
    async (isTold) => {
      const { state, hear } = page({ shown: 1, server: 2, isTold });
      state.fails = true;
      hear(2);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(state.fetches).toBeGreaterThan(5);
      expect(state.fetches).toBeLessThan(25);
      state.fails = false;
      await vi.advanceTimersByTimeAsync(10_000);
      expect(state.shown).toBe(2);
    },
  );

  test("that has failed for long is tried at once when the server speaks again", async () => {
    const { state, hear } = page({ shown: 1, server: 2 });
    state.fails = true;
    hear(2);
    await vi.advanceTimersByTimeAsync(60_000);
    state.fails = false;
    hear(2);
    await vi.advanceTimersByTimeAsync(200);
    expect(state.shown).toBe(2);
  });

  test("that keeps answering an old revision does not become a loop", async () => {
    const { state, hear } = page({ shown: 1, server: 1 });
    hear(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.fetches).toBeLessThan(25);
  });

  test("is not begun by a page that was left", async () => {
    const { state, hear, rule } = page({ shown: 1, server: 2 });
    hear(2);
    rule.stop();
    await vi.runAllTimersAsync();
    expect(state.fetches).toBe(0);
  });
});

describe("a refetch that says nothing of its answer", () => {
  test("is waited for until the page shows it, whatever is heard meanwhile", async () => {
    const { state, hear } = page({ shown: 1, server: 31, takes: 1_000, isTold: false });
    for (let revision = 2; revision <= 31; revision++) {
      hear(revision);
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 1, shown: 31 });
  });

  test("and whose answer is older than what was heard meanwhile is one refetch more", async () => {
    const { state, hear } = page({ shown: 1, server: 2, takes: 500, isTold: false });
    hear(2);
    await vi.advanceTimersByTimeAsync(150);
    state.server = 3;
    hear(3);
    await vi.runAllTimersAsync();
    expect(state).toMatchObject({ fetches: 2, shown: 3 });
  });
});
