/**
 * Makes text flow that arrives in frames: spreads each frame over the time until the next one is due, word by word.
 * The shown text is never ahead of what arrived, and at most one cadence behind it.
 */

import { boundaryAt, graphemeEnd } from "./boundaries.ts";
import { Cadence } from "./cadence.ts";
import { isMotionUnwanted } from "./motion.ts";

const STEP_MS = 42; // 24 steps a second, as films have; each costs a render
const DRAIN_MS = 200; // after the end; leaves 50 ms for a late timer

export interface PacerOptions {
  /** Text that is shown from the start. */
  readonly text?: string;
  /** If it returns true, text is shown as it arrives. By default in hidden tabs, and where the user prefers reduced motion. */
  readonly isImmediate?: () => boolean;
  /** Milliseconds that only rise. */
  readonly now?: () => number;
  /** Calls back once, after so many milliseconds. The returned function cancels it. */
  readonly schedule?: (callback: () => void, ms: number) => () => void;
}

export interface Pacer {
  /** Call this with the full text whenever a frame arrives, and at the end with `isStreaming: false`. */
  update(text: string, isStreaming: boolean): void;
  /** The text to show now. */
  shown(): string;
  /** Calls back whenever `shown()` has changed. Returns a function that ends this. */
  subscribe(listener: () => void): () => void;
  /** Stops the timer. The next `update` continues. */
  stop(): void;
}

/** A frame that is not entirely shown: up to where it reaches, and when that must be shown. */
interface Pending {
  readonly end: number;
  due: number;
}

export function pacer(options: PacerOptions = {}): Pacer {
  const { isImmediate = isMotionUnwanted, now = monotonicNow, schedule = scheduleTimeout } = options;
  const listeners = new Set<() => void>();
  const cadence = new Cadence();
  let text = options.text ?? "";
  let shown = text;
  let isStreaming = false;
  let pending: Pending[] = [];
  let position = text.length; // a fraction: `shown` ends at the next boundary
  let time = 0; // when the position was reached
  let overdue = 0; // what must be shown now, if need be without the end of its last word
  let nextStep = 0;
  let cancel: (() => void) | undefined;

  const show = (length: number) => {
    if (length === shown.length && text.startsWith(shown)) return;
    shown = text.slice(0, length);
    for (const listener of listeners) listener();
  };

  const stop = () => {
    cancel?.();
    cancel = undefined;
  };

  const showAll = () => {
    stop();
    pending = [];
    overdue = position = text.length;
    show(text.length);
  };

  /** Moves on at the rate at which every frame is shown when it is due. */
  const advance = (until: number) => {
    while (time < until) {
      const ahead = pending.filter(({ end, due }) => end > position && due > time);
      if (ahead.length === 0) break;
      const steepest = ahead.reduce((a, b) => (slope(b) > slope(a) ? b : a));
      const reached = Math.min(until, steepest.due);
      position = Math.min(position + slope(steepest) * (reached - time), steepest.end);
      time = reached;
    }
    time = until;
    overdue = pending.reduce((most, { end, due }) => (due <= until ? Math.max(most, end) : most), overdue);
    position = Math.max(position, overdue);
    pending = pending.filter(({ end }) => end > overdue);
  };
  const slope = ({ end, due }: Pending) => (end - position) / (due - time);

  const step = () => {
    cancel = undefined;
    if (isImmediate()) return showAll();
    advance(now());
    if (pending.length === 0) return showAll();
    // The last word may be incomplete. It is shown when it is due, or when the next frame has completed it.
    const length = boundaryAt(text, shown.length, position);
    show(overdue > length ? graphemeEnd(text, overdue) : length);
    scheduleStep();
  };

  const scheduleStep = () => {
    if (cancel !== undefined) return;
    const from = now();
    nextStep = Math.max(nextStep + STEP_MS, from);
    const allDue = pending.at(-1)?.due ?? from;
    cancel = schedule(step, Math.max(0, Math.min(nextStep, allDue) - from));
  };

  return {
    update(newText, newIsStreaming) {
      const ended = isStreaming && !newIsStreaming;
      const isContinued = newIsStreaming || isStreaming;
      const hasGrown = newText.length > text.length;
      const isReplaced = !newText.startsWith(text);
      isStreaming = newIsStreaming;
      text = newText;
      if (isReplaced) cadence.restart();
      if (isReplaced || !isContinued || isImmediate()) return showAll();
      const arrival = now();
      advance(arrival);
      if (hasGrown) {
        cadence.arrived(arrival);
        pending.push({ end: text.length, due: arrival + cadence.interval });
      }
      if (ended) {
        cadence.restart();
        for (const frame of pending) frame.due = Math.min(frame.due, arrival + DRAIN_MS);
      }
      if (shown.length === text.length) showAll();
      else scheduleStep();
    },
    shown: () => shown,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop,
  };
}

function monotonicNow(): number {
  return globalThis.performance?.now() ?? Date.now();
}

function scheduleTimeout(callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
