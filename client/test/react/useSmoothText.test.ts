import { act, renderHook } from "@testing-library/react";
import { createElement, StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useSmoothText } from "../../src/react/useSmoothText.ts";

const FRAME = "The Moon pulls on all of the Earth, but not equally: the near side feels more of it than the centre. ";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (ms: number) => act(() => void vi.advanceTimersByTime(ms));

const smooth = (text: string, isStreaming: boolean) =>
  renderHook(({ text, isStreaming }) => useSmoothText(text, isStreaming), {
    initialProps: { text, isStreaming },
    wrapper: StrictMode,
  });

test("the first text is shown at once, and the next in small steps", () => {
  const { result, rerender } = smooth(FRAME, true);
  expect(result.current).toBe(FRAME);
  rerender({ text: FRAME.repeat(2), isStreaming: true });
  expect(result.current).toBe(FRAME);
  pass(175);
  expect(result.current.length).toBeGreaterThan(FRAME.length * 1.3);
  expect(result.current.length).toBeLessThan(FRAME.length * 1.7);
  pass(175);
  expect(result.current).toBe(FRAME.repeat(2));
});

test("the end is shown within 250 ms", () => {
  const { result, rerender } = smooth("", true);
  rerender({ text: FRAME, isStreaming: false });
  expect(result.current).toBe("");
  pass(250);
  expect(result.current).toBe(FRAME);
});

test("a replaced text is never shown for a single render", () => {
  const rendered: string[] = [];
  const { rerender } = renderHook(
    ({ text }) => {
      rendered.push(useSmoothText(text, true));
    },
    { initialProps: { text: FRAME } },
  );
  rendered.length = 0;
  rerender({ text: "Anew" });
  expect(new Set(rendered)).toEqual(new Set(["Anew"]));
});

test("frames are shown at once where the user prefers reduced motion", async () => {
  vi.resetModules();
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  const fresh = await import("../../src/react/useSmoothText.ts");
  const { result, rerender } = renderHook(({ text }) => fresh.useSmoothText(text, true), {
    initialProps: { text: "" },
  });
  rerender({ text: FRAME });
  expect(result.current).toBe(FRAME);
});

test("an unmounted component leaves no timer", () => {
  const { rerender, unmount } = smooth("", true);
  rerender({ text: FRAME, isStreaming: true });
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  unmount();
  expect(vi.getTimerCount()).toBe(0);
});

const Text = () => useSmoothText(FRAME, true);

test("a server renders the whole text", () => {
  expect(renderToString(createElement(Text))).toBe(FRAME);
});
