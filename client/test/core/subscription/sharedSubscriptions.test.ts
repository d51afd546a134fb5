import { expect, test, vi } from "vitest";
import { SharedSubscriptions } from "../../../src/core/subscription/sharedSubscriptions.ts";
import type { SyncEvent } from "../../../src/core/sync/pageSync.ts";

function track() {
  const opened: string[] = [];
  const stopped: string[] = [];
  let emit: (event: SyncEvent) => void = () => {};
  const shared = new SharedSubscriptions<SyncEvent>((id, listener) => {
    opened.push(id);
    emit = listener;
    return () => stopped.push(id);
  });
  return { shared, opened, stopped, emit: (revision: number) => emit({ id: "1", revision, deleted: false }) };
}

test("two listeners share one subscription, and the second receives the last event at once", () => {
  const { shared, opened, emit } = track();
  const received: number[][] = [[], []];
  shared.subscribe("1", ({ revision }) => received[0]?.push(revision));
  emit(7);
  shared.subscribe("1", ({ revision }) => received[1]?.push(revision));
  emit(8);
  expect(received).toEqual([
    [7, 8],
    [7, 8],
  ]);
  expect(opened).toEqual(["1"]);
});

test("the subscription ends with its last listener, and not between two of the same tick", () => {
  vi.useFakeTimers();
  const { shared, opened, stopped } = track();
  shared.subscribe("1", () => {})();
  const leave = shared.subscribe("1", () => {});
  vi.runAllTimers();
  expect(stopped).toEqual([]);
  leave();
  vi.runAllTimers();
  expect(stopped).toEqual(["1"]);
  expect(opened).toEqual(["1"]);
  shared.subscribe("1", () => {});
  expect(opened).toEqual(["1", "1"]);
  vi.useRealTimers();
});
