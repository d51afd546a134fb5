import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { errors, final, follow, streaming } from "./following.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
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
