import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type HighlightRequest, highlightInWorker } from "../../../app/markdown/highlighting.ts";

class FakeWorker extends EventTarget {
  static started: FakeWorker[] = [];
  readonly requests: HighlightRequest[] = [];
  readonly terminate = vi.fn();

  constructor() {
    super();
    FakeWorker.started.push(this);
  }

  postMessage(request: HighlightRequest) {
    this.requests.push(request);
  }

  respond() {
    for (const { id } of this.requests) this.dispatchEvent(new MessageEvent("message", { data: { id, tokens: [] } }));
  }
}

beforeEach(() => {
  vi.stubGlobal("Worker", FakeWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test("code stays plain if the worker cannot be loaded, and the next block starts another worker", async () => {
  const first = highlightInWorker(["a = 1"], "python");
  const second = highlightInWorker(["b = 2"], "python");
  const [failed] = FakeWorker.started;
  failed?.dispatchEvent(new Event("error"));
  expect(await Promise.all([first, second])).toEqual([undefined, undefined]);
  const third = highlightInWorker(["c = 3"], "python");
  expect(FakeWorker.started).toHaveLength(2);
  FakeWorker.started[1]?.respond();
  expect(await third).toEqual([]);
  expect(failed?.terminate).toHaveBeenCalled();
});
