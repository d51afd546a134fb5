import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { errors, final, follow, PAYLOAD, signal, streaming } from "./following.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a stream that ends", () => {
  test("after its final frame is complete and is not subscribed again", () => {
    const { line, ends } = follow();
    line.now.next(final);
    line.now.complete();
    vi.runAllTimers();
    expect(ends).toEqual(["complete"]);
    expect(line.sinks).toHaveLength(1);
  });

  test("before its final frame is subscribed again", () => {
    const { line, ends, results } = follow();
    line.now.next(streaming("half"));
    line.now.complete();
    expect(ends).toEqual([]);
    vi.runAllTimers();
    expect(line.sinks).toHaveLength(2);
    line.now.next(final);
    line.now.complete();
    expect(results).toEqual([streaming("half"), final]);
    expect(ends).toEqual(["complete"]);
  });

  test("without any frame is subscribed again", () => {
    const { line } = follow();
    line.now.complete();
    vi.runAllTimers();
    expect(line.sinks).toHaveLength(2);
  });

  test("early is recognised by its status if `streaming` has an alias", () => {
    const { line } = follow();
    line.now.next({ data: { messageStream: { status: "STREAMING", live: true } } });
    line.now.complete();
    vi.runAllTimers();
    expect(line.sinks).toHaveLength(2);
  });

  test("is subscribed again if it is sync, which never completes", () => {
    const { line, ends } = follow();
    line.now.next(signal);
    line.now.complete();
    vi.runAllTimers();
    expect(line.sinks).toHaveLength(2);
    expect(ends).toEqual([]);
  });

  test("early many times is subscribed with growing delays", () => {
    const { line } = follow();
    for (const wait of [125, 250, 500, 1000, 2000, 4000, 5000, 5000]) {
      line.now.next(streaming());
      line.now.complete();
      const before = line.sinks.length;
      vi.advanceTimersByTime(wait - 1);
      expect(line.sinks).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(line.sinks).toHaveLength(before + 1);
    }
  });

  test("after 5 seconds resets the delay", () => {
    const { line } = follow();
    for (let i = 0; i < 6; i++) {
      line.now.next(streaming());
      line.now.complete();
      vi.runAllTimers();
    }
    line.now.next(streaming());
    vi.advanceTimersByTime(5000);
    line.now.complete();
    vi.advanceTimersByTime(125);
    expect(line.sinks).toHaveLength(8);
  });
});

describe("a lost connection", () => {
  test.each([
    ["a lost socket", { code: 1006, reason: "" }],
    ["a close code that graphql-ws treats as fatal", { code: 1011, reason: "Internal error" }],
    ["an error", new Error("refused")],
    ["an error event", { type: "error" }],
  ])("(%s) is followed by another attempt", (_, cause) => {
    const { line, ends } = follow();
    line.now.error(cause);
    vi.runAllTimers();
    expect(line.sinks).toHaveLength(2);
    expect(ends).toEqual([]);
  });

  test("is restored for all subscriptions together, after one delay", () => {
    const { line, transport, sink } = follow();
    transport.subscribe(PAYLOAD, sink);
    for (const one of [...line.sinks]) one.error({ code: 1006, reason: "" });
    vi.advanceTimersByTime(124);
    expect(line.sinks).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(line.sinks).toHaveLength(4);
    vi.runAllTimers();
    expect(line.sinks).toHaveLength(4);
  });
});

describe("a GraphQL error", () => {
  test.each(["NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED", "BAD_USER_INPUT"])(
    "%s is passed on and ends the subscription",
    (code) => {
      const { line, results, ends } = follow();
      line.now.next({ data: null, ...errors(code) });
      line.now.complete();
      vi.runAllTimers();
      expect(results[0]?.errors?.[0]?.extensions?.code).toBe(code);
      expect(ends).toEqual(["complete"]);
      expect(line.sinks).toHaveLength(1);
    },
  );

  test("that rejects the operation is passed on as a result", () => {
    const { line, results, ends } = follow();
    line.now.error(errors("NOT_FOUND").errors);
    vi.runAllTimers();
    expect(results).toEqual([errors("NOT_FOUND")]);
    expect(ends).toEqual(["complete"]);
    expect(line.sinks).toHaveLength(1);
  });

  test("RATE_LIMITED is not passed on, and the subscription waits for retryAfter", () => {
    const { line, results } = follow();
    line.now.error(errors("RATE_LIMITED", { retryAfter: 3 }).errors);
    vi.advanceTimersByTime(2999);
    expect(line.sinks).toHaveLength(1);
    vi.runAllTimers();
    expect(line.sinks).toHaveLength(2);
    line.now.next(final);
    expect(results).toEqual([final]);
  });

  test("INTERNAL is retried without a limit, and the connection counts as lost after five failures", () => {
    const { line, results, ends, said } = follow();
    for (let i = 0; i < 5; i++) {
      line.now.error(errors("INTERNAL").errors);
      vi.runAllTimers();
    }
    expect(new Set(said)).toEqual(new Set(["result"]));
    for (let i = 0; i < 50; i++) {
      line.now.error(errors("INTERNAL").errors);
      expect(said.at(-1)).toBe("lost");
      vi.advanceTimersByTime(10_000);
    }
    expect(results).toEqual([]);
    line.now.next(final);
    line.now.complete();
    expect(said.at(-1)).toBe("result");
    expect(results).toEqual([final]);
    expect(ends).toEqual(["complete"]);
    expect(line.sinks).toHaveLength(56);
  });
});

describe("unsubscribing", () => {
  test("during a stream ends it", () => {
    const { line, leave, ends } = follow();
    line.now.next(streaming());
    leave();
    vi.runAllTimers();
    expect(line.live).toBe(0);
    expect(line.sinks).toHaveLength(1);
    expect(ends).toEqual([]);
  });

  test("during the reconnect delay cancels the next attempt", () => {
    const { line, leave } = follow();
    line.now.error({ code: 1006, reason: "" });
    leave();
    expect(vi.getTimerCount()).toBe(0);
    expect(line.sinks).toHaveLength(1);
  });

  test("ignores everything that arrives later", () => {
    const { line, leave, results } = follow();
    leave();
    line.now.next(streaming());
    line.now.error(new Error("late"));
    vi.runAllTimers();
    expect(results).toEqual([]);
    expect(line.sinks).toHaveLength(1);
  });
});
