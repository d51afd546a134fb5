import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { resubscribing } from "../../../src/core/transport/resubscribing.ts";
import type { Result, Sink, Transport } from "../../../src/core/transport/transport.ts";

const PAYLOAD = { query: "subscription { messageStream(id: 1) { id } }" };
const HALF = () => 0.5;

class Line implements Transport {
  readonly sinks: Sink[] = [];
  live = 0;

  subscribe(_: unknown, sink: Sink): () => void {
    this.sinks.push(sink);
    this.live++;
    return () => {
      this.live--;
      sink.complete(); // like graphql-ws
    };
  }

  get now(): Sink {
    return this.sinks.at(-1) as Sink;
  }
}

function follow(line = new Line()) {
  const results: Result[] = [];
  const ends: string[] = [];
  const said: string[] = [];
  const onResult = () => said.push("result");
  const onLost = () => said.push("lost");
  const transport = resubscribing(line, { random: HALF, onResult, onLost });
  const sink: Sink = {
    next: (result) => results.push(result),
    error: () => ends.push("error"),
    complete: () => ends.push("complete"),
  };
  const leave = transport.subscribe(PAYLOAD, sink);
  return { line, results, ends, said, leave, transport, sink };
}

const streaming = (content = "") => ({ data: { messageStream: { content, streaming: true } } });
const final = { data: { messageStream: { content: "all", streaming: false } } };
const signal = { data: { sync: { id: "1", revision: 1, deleted: false } } };
const errors = (code: string, more = {}) => ({ errors: [{ message: code, extensions: { code, ...more } }] });

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

describe("a stored value that the server cannot read", () => {
  const unreadable = errors("INTERNAL", { reason: "UNREADABLE" });

  test("costs a frame its field: the frame is passed on without the error, and the stream goes on to its end", () => {
    const { line, results, ends, said } = follow();
    line.now.next({ ...streaming("one"), ...unreadable });
    line.now.next({ ...final, ...unreadable });
    line.now.complete();
    vi.runAllTimers();
    expect(results).toEqual([streaming("one"), final]);
    expect(ends).toEqual(["complete"]);
    expect(new Set(said)).toEqual(new Set(["result"]));
    expect(line.sinks).toHaveLength(1);
  });

  test("in a frame before an early end is subscribed again", () => {
    const { line } = follow();
    line.now.next({ ...streaming(), ...unreadable });
    line.now.complete();
    vi.runAllTimers();
    expect(line.sinks).toHaveLength(2);
  });

  test.each([
    ["instead of the frame", { data: { messageStream: null }, ...unreadable }],
    ["without data", { data: null, ...unreadable }],
    ["beside another failure", { ...streaming(), errors: [...unreadable.errors, ...errors("INTERNAL").errors] }],
  ])("%s is a failure of the server, and is retried", (_, result) => {
    const { line, results } = follow();
    line.now.next(result);
    vi.runAllTimers();
    expect(results).toEqual([]);
    expect(line.sinks).toHaveLength(2);
  });
});

describe("an error of a gateway", () => {
  test("without data is a lost connection: it is retried without a limit, and not passed on", () => {
    const { line, results, ends, said } = follow();
    for (let i = 0; i < 10; i++) {
      line.now.next({ data: null, ...errors("SUBREQUEST_HTTP_ERROR") });
      line.now.complete();
      vi.advanceTimersByTime(10_000);
    }
    expect(said.at(-1)).toBe("lost");
    expect(results).toEqual([]);
    line.now.next(final);
    line.now.complete();
    expect(results).toEqual([final]);
    expect(ends).toEqual(["complete"]);
    expect(line.sinks).toHaveLength(11);
  });

  test("without a code is a lost connection too", () => {
    const { line, results } = follow();
    line.now.error([{ message: "upstream connect error" }]);
    vi.runAllTimers();
    expect(results).toEqual([]);
    expect(line.sinks).toHaveLength(2);
  });

  test("beside the object is passed on with it, and an early end is noticed", () => {
    const { line, results } = follow();
    const partial = { ...streaming(), ...errors("SUBREQUEST_HTTP_ERROR") };
    line.now.next(partial);
    line.now.complete();
    vi.runAllTimers();
    expect(results).toEqual([partial]);
    expect(line.sinks).toHaveLength(2);
  });

  test("around an error of the server is that error", () => {
    const { line, results, ends } = follow();
    const wrapped = { data: null, ...errors("DOWNSTREAM_SERVICE_ERROR", errors("NOT_FOUND")) };
    line.now.next(wrapped);
    line.now.complete();
    vi.runAllTimers();
    expect(results).toEqual([wrapped]);
    expect(ends).toEqual(["complete"]);
    expect(line.sinks).toHaveLength(1);
  });

  test.each(["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "PERSISTED_QUERY_NOT_FOUND"])(
    "%s rejects the document, and is passed on",
    (code) => {
      const { line, results, ends } = follow();
      line.now.error(errors(code).errors);
      vi.runAllTimers();
      expect(results).toEqual([errors(code)]);
      expect(ends).toEqual(["complete"]);
      expect(line.sinks).toHaveLength(1);
    },
  );
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
