import { expect, test } from "vitest";
import { backoff } from "../../../src/core/transport/backoff.ts";

test("those who lost a server together come back at any moment up to the limit, and not all at one", () => {
  expect(backoff(3, () => 0)).toBe(0);
  expect(backoff(3, () => 0.5)).toBe(1_000);
  expect(backoff(3, () => 1)).toBe(2_000);
});

test("however long a server was away, nobody waits longer than ten seconds", () => {
  expect(backoff(6, () => 1)).toBe(10_000);
  expect(backoff(2_000, () => 1)).toBe(10_000);
});
