import { describe, expect, it } from "vitest";
import { Pace } from "../../src/producer/pace.ts";

const COMMIT_MS = 20;

/** How long so many batches wait, if the server's updates are `cadenceMs` apart. */
function answers(pace: Pace, cadenceMs: number, count: number): number[] {
  return Array.from({ length: count }, () => {
    const waitedMs = Math.max(0, cadenceMs - pace.pauseMs) + COMMIT_MS;
    pace.answered(waitedMs);
    return waitedMs;
  });
}

describe("the pause between two batches of a producer", () => {
  it.each([200, 350, 1_000, 1_900])("finds a cadence of %i ms", (cadenceMs) => {
    for (const waitedMs of answers(new Pace(), cadenceMs, 20).slice(10)) expect(waitedMs).toBeLessThan(200);
  });

  it.each([1_000, 5_000, 60_000])("finds it again after an answer of %i ms", (slowMs) => {
    const pace = new Pace();
    answers(pace, 350, 10);
    pace.answered(slowMs);
    answers(pace, 350, 4);
    expect(pace.pauseMs).toBeLessThan(350);
  });
});
