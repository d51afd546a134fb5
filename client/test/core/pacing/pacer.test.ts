import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { pacer } from "../../../src/core/pacing/pacer.ts";

const CADENCE = 350;
const DRAIN = 250;
const STEP = 40;

/** A pacer whose time passes only when the test says so. */
function paced({ isImmediate = false, text = "" } = {}) {
  let time = 1_000;
  let immediate = isImmediate;
  let timer: { at: number; callback: () => void } | undefined;
  const subject = pacer({
    text,
    isImmediate: () => immediate,
    now: () => time,
    schedule: (callback, ms) => {
      const own = { at: time + ms, callback };
      timer = own;
      return () => {
        if (timer === own) timer = undefined;
      };
    },
  });
  const steps: { at: number; text: string }[] = [];
  subject.subscribe(() => steps.push({ at: time, text: subject.shown() }));
  return {
    ...subject,
    steps,
    isIdle: () => timer === undefined,
    setImmediate: (value: boolean) => {
      immediate = value;
    },
    pass(ms: number) {
      const end = time + ms;
      while (timer !== undefined && timer.at <= end) {
        const { at, callback } = timer;
        timer = undefined;
        time = Math.max(time, at);
        callback();
      }
      time = end;
    },
  };
}

const WORDS = "The Moon pulls on all of the Earth, but not equally: the near side feels more of it than the centre. ";
const FRAME = WORDS.slice(0, 100);

/** Frames of 100 characters, one cadence apart. */
function stream(subject: ReturnType<typeof paced>, frames: number): string {
  let text = "";
  for (let frame = 0; frame < frames; frame++) {
    text += FRAME;
    subject.update(text, true);
    subject.pass(CADENCE);
  }
  return text;
}

describe("a pacer", () => {
  test("turns three frames a second into more than twenty steps of at most twelve characters", () => {
    const subject = paced();
    stream(subject, 20);
    const { steps } = subject;
    const seconds = (20 * CADENCE) / 1000;
    expect(steps.length / seconds).toBeGreaterThan(20);
    const sizes = steps.map((step, index) => step.text.length - (steps[index - 1]?.text.length ?? 0));
    expect(sizes.sort((a, b) => a - b)[sizes.length >> 1]).toBeLessThanOrEqual(12);
  });

  test("has shown each frame when the next one is due", () => {
    const subject = paced();
    const text = stream(subject, 10);
    expect(subject.shown()).toBe(text);
  });

  test("shows a burst of frames evenly", () => {
    const subject = paced();
    const text = stream(subject, 5) + FRAME.repeat(2);
    subject.update(text.slice(0, -FRAME.length), true);
    subject.pass(1);
    subject.update(text, true);
    const before = subject.steps.length;
    subject.pass(CADENCE);
    const sizes = subject.steps
      .slice(before)
      .map((step, index, all) => step.text.length - (all[index - 1]?.text.length ?? step.text.length));
    expect(Math.max(...sizes)).toBeLessThan(50);
    expect(subject.shown()).toBe(text);
  });

  test("waits with the last word until it is complete or due", () => {
    const subject = paced();
    subject.update("The Moon pulls inter", true);
    subject.pass(CADENCE - STEP);
    expect(subject.shown()).toBe("The Moon pulls");
    subject.update("The Moon pulls internationally now", true);
    subject.pass(2 * STEP);
    expect(subject.shown()).toBe("The Moon pulls internationally");
  });

  test("shows the rest within 250 ms after the end", () => {
    const subject = paced();
    const text = stream(subject, 5) + FRAME.repeat(10);
    subject.update(text, false);
    expect(subject.shown()).not.toBe(text);
    subject.pass(DRAIN);
    expect(subject.shown()).toBe(text);
    expect(subject.isIdle()).toBe(true);
  });

  test("shows a replaced text at once, also a shorter one", () => {
    const subject = paced();
    stream(subject, 3);
    subject.update("", true);
    expect(subject.shown()).toBe("");
    subject.update("Another answer", true);
    subject.pass(CADENCE);
    subject.update("An edited one", true);
    expect(subject.shown()).toBe("An edited one");
  });

  test("shows at once what was there before, and what changes without a stream", () => {
    const subject = paced({ text: WORDS });
    expect(subject.shown()).toBe(WORDS);
    subject.update(`${WORDS}Edited.`, false);
    expect(subject.shown()).toBe(`${WORDS}Edited.`);
    expect(subject.isIdle()).toBe(true);
  });

  test("shows frames at once in a hidden tab, and what is pending when the tab is hidden", () => {
    const subject = paced({ isImmediate: true });
    subject.update(FRAME, true);
    expect(subject.shown()).toBe(FRAME);
    subject.setImmediate(false);
    subject.update(FRAME.repeat(2), true);
    expect(subject.shown()).toBe(FRAME);
    subject.setImmediate(true);
    subject.pass(STEP);
    expect(subject.shown()).toBe(FRAME.repeat(2));
  });

  test("does nothing between frames, and goes on after it was stopped", () => {
    const subject = paced();
    subject.update(FRAME, true);
    subject.stop();
    expect(subject.isIdle()).toBe(true);
    subject.pass(10_000);
    subject.update(`${FRAME}more`, true);
    subject.pass(CADENCE);
    expect(subject.shown()).toBe(`${FRAME}more`);
    expect(subject.isIdle()).toBe(true);
  });

  test("shows what arrives after a pause of the model within a cadence", () => {
    const subject = paced();
    const text = stream(subject, 6) + WORDS;
    subject.pass(30_000);
    subject.update(text, true);
    subject.pass(CADENCE);
    expect(subject.shown()).toBe(text);
  });
});

describe("outside of a browser", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("it needs no document, no performance and no matchMedia", async () => {
    vi.resetModules();
    vi.useFakeTimers();
    for (const name of ["document", "window", "performance", "matchMedia"]) vi.stubGlobal(name, undefined);
    const { pacer } = await import("../../../src/core/pacing/pacer.ts");
    const subject = pacer();
    subject.update(FRAME, true);
    vi.advanceTimersByTime(CADENCE);
    expect(subject.shown()).toBe(FRAME);
    vi.useRealTimers();
  });
});

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.lorem({ maxCount: 8, mode: "words" }).map((words) => ` ${words}`) },
  fc.constantFrom(
    "\n\n- item",
    "\n| a | b |",
    " 潮汐是月亮。",
    "ประเทศไทย",
    "👩‍👩‍👧‍👦🇩🇪🇫🇷",
    "e\u0301",
    " https://example.com/a/very/long/path/indeed",
    "\r\n",
    "  ",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const arrivals = fc.array(fc.record({ after: fc.integer({ min: 0, max: 1_500 }), piece }), {
  minLength: 1,
  maxLength: 20,
});

describe("whatever arrives, whenever", () => {
  test("it is never ahead, never goes back, is never late, and ends with exactly the text", () => {
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 0, max: 500 }), (frames, endAfter) => {
        const subject = paced();
        let arrived = "";
        let time = 0;
        let longest = CADENCE;
        const history: { at: number; length: number; cadence: number }[] = [];
        const advance = (ms: number) => {
          for (let passed = 0; passed < ms; passed += 25) {
            const step = Math.min(25, ms - passed);
            subject.pass(step);
            time += step;
            const shown = subject.shown();
            const owed = history.findLast(({ at, cadence }) => at + cadence + DRAIN <= time)?.length ?? 0;
            if (!arrived.startsWith(shown) || shown.length < owed) throw new Error(`Shown at ${time} ms: ${shown}`);
          }
        };
        for (const { after, piece } of frames) {
          advance(after);
          longest = Math.max(longest, Math.min(after, 2_000));
          arrived += piece;
          subject.update(arrived, true);
          history.push({ at: time, length: arrived.length, cadence: longest });
        }
        advance(endAfter);
        subject.update(arrived, false);
        subject.pass(DRAIN);
        expect(subject.shown()).toBe(arrived);
        expect(subject.isIdle()).toBe(true);
        for (const [index, { text }] of subject.steps.entries())
          expect(text.startsWith(subject.steps[index - 1]?.text ?? "")).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("it cuts no grapheme of what has arrived", () => {
    const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        const boundaries = new Set([text.length, ...[...segmenter.segment(text)].map(({ index }) => index)]);
        const subject = paced();
        subject.update(text, true);
        subject.pass(CADENCE);
        for (const step of subject.steps) expect(boundaries).toContain(step.text.length);
        expect(subject.shown()).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});
