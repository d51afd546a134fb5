import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Glide, gliding } from "../../../app/chat/glide.ts";

const LINE = 27;

let view: { scrollTop: number; scrollHeight: number; clientHeight: number };
let isGrowing: boolean;
let glide: Glide;

beforeEach(() => {
  vi.useFakeTimers();
  view = { scrollTop: 500, scrollHeight: 1_000, clientHeight: 500 };
  isGrowing = true;
  const follow = () => glide.toEnd(() => isGrowing);
  glide = gliding(view as Element, follow);
});
afterEach(() => void vi.useRealTimers());

/** Makes the text higher, and returns where the view is after each part of the way. */
function grow(height: number): number[] {
  view.scrollHeight += height;
  glide.toEnd(() => isGrowing);
  glide.toEnd(() => isGrowing); // what has changed is reported twice
  const places = [view.scrollTop];
  while (vi.getTimerCount() > 0) {
    vi.runOnlyPendingTimers();
    if (view.scrollTop !== places.at(-1)) places.push(view.scrollTop);
  }
  return places;
}

test("a new line is reached in a few parts", () => {
  expect(grow(LINE)).toEqual([514, 521, 527]);
});

test("the end is reached at once if the text has ended, or has grown by much", () => {
  expect(grow(400)).toEqual([900]);
  isGrowing = false;
  expect(grow(LINE)).toEqual([927]);
});

test("it can be stopped", () => {
  view.scrollHeight += LINE;
  glide.toEnd(() => isGrowing);
  glide.stop();
  expect(vi.getTimerCount()).toBe(0);
});
