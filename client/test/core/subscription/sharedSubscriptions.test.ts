import { expect, test, vi } from "vitest";
import { SharedSubscriptions } from "../../../src/core/subscription/sharedSubscriptions.ts";
import type { SyncEvent } from "../../../src/core/sync/pageSync.ts";

function track() {
  const opened: string[] = [];
  const stopped: string[] = [];
  let say: (event: SyncEvent) => void = () => {};
  const shared = new SharedSubscriptions<SyncEvent>((id, hear) => {
    opened.push(id);
    say = hear;
    return () => stopped.push(id);
  });
  return { shared, opened, stopped, say: (revision: number) => say({ id: "1", revision, deleted: false }) };
}

test("two who follow the same chat share one operation, and the second hears the last event at once", () => {
  const { shared, opened, say } = track();
  const heard: number[][] = [[], []];
  shared.subscribe("1", ({ revision }) => heard[0]?.push(revision));
  say(7);
  shared.subscribe("1", ({ revision }) => heard[1]?.push(revision));
  say(8);
  expect(heard).toEqual([
    [7, 8],
    [7, 8],
  ]);
  expect(opened).toEqual(["1"]);
});

test("the operation ends with its last follower, and not between two of the same tick", () => {
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
