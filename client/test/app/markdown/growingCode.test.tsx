import { act, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { highlight } from "../../../app/markdown/highlight.ts";
import type { HighlightRequest } from "../../../app/markdown/highlighting.ts";
import { Markdown } from "../../../app/markdown/Markdown.tsx";

const requests: HighlightRequest[] = [];

class SynchronousWorker extends EventTarget {
  postMessage(request: HighlightRequest) {
    requests.push(request);
    const { id, chunks, language, from } = request;
    const data = { id, tokens: highlight(chunks, language)?.slice(from) };
    queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data })));
  }
}

beforeEach(() => {
  vi.stubGlobal("Worker", SynchronousWorker);
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("code has its colours while it grows, and the worker answers for changed lines only", async () => {
  const line = "x = 'a string'  # why\n";
  const code = `\`\`\`python\n${line.repeat(100)}`;
  const { container, rerender } = render(<Markdown text="" isStreaming />);
  for (let end = 500; end < code.length; end += 500) {
    rerender(<Markdown text={code.slice(0, end)} isStreaming />);
    await act(() => vi.advanceTimersByTimeAsync(300));
    expect(container.querySelectorAll(".hljs-string").length).toBeGreaterThan(end / line.length - 25);
    expect(container.querySelector("code")?.textContent?.trim()).toBe(code.slice(10, end).trim());
  }
  expect(requests.at(-1)?.from).toBe(requests.at(-1)?.chunks.length === 4 ? 3 : 2);
  rerender(<Markdown text={`${code}\`\`\`\n`} isStreaming={false} />);
  await act(() => vi.advanceTimersByTimeAsync(300));
  expect(container.querySelectorAll(".hljs-string")).toHaveLength(100);
  expect(container.querySelectorAll(".hljs-comment")).toHaveLength(100);
});
