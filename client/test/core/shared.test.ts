import { expect, test, vi } from "vitest";
import type { SyncEvent } from "../../src/core/pageSync.ts";
import { Shared } from "../../src/core/shared.ts";

function track() {
  const opened: string[] = [];
  const stopped: string[] = [];
  let say: (event: SyncEvent) => void = () => {};
  const shared = new Shared<SyncEvent>((id, hear) => {
    opened.push(id);
    say = hear;
    return () => stopped.push(id);
  });
  return { shared, opened, stopped, say: (revision: number) => say({ id: "1", revision, deleted: false }) };
}

test("two who follow the same chat share one operation, and the second hears the last event at once", () => {
  const { shared, opened, say } = track();
  const heard: number[][] = [[], []];
  shared.follow("1", ({ revision }) => heard[0]?.push(revision));
  say(7);
  shared.follow("1", ({ revision }) => heard[1]?.push(revision));
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
  shared.follow("1", () => {})();
  const leave = shared.follow("1", () => {});
  vi.runAllTimers();
  expect(stopped).toEqual([]);
  leave();
  vi.runAllTimers();
  expect(stopped).toEqual(["1"]);
  expect(opened).toEqual(["1"]);
  shared.follow("1", () => {});
  expect(opened).toEqual(["1", "1"]);
  vi.useRealTimers();
});
