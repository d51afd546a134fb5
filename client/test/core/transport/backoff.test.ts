import { expect, test } from "vitest";
import { backoff } from "../../../src/core/transport/backoff.ts";

test("the delay is a random share of a limit that doubles with each retry", () => {
  expect(backoff(3, () => 0)).toBe(0);
  expect(backoff(3, () => 0.5)).toBe(1_000);
  expect(backoff(3, () => 1)).toBe(2_000);
});

test("the delay is at most ten seconds", () => {
  expect(backoff(6, () => 1)).toBe(10_000);
  expect(backoff(2_000, () => 1)).toBe(10_000);
});
