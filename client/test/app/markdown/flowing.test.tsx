import { act, render } from "@testing-library/react";
import { fromMarkdown } from "mdast-util-from-markdown";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FlowingMarkdown } from "../../../app/markdown/FlowingMarkdown.tsx";
import { Markdown } from "../../../app/markdown/Markdown.tsx";

vi.mock("mdast-util-from-markdown", async (original) => {
  const module = await original<typeof import("mdast-util-from-markdown")>();
  return { ...module, fromMarkdown: vi.fn(module.fromMarkdown) };
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const CADENCE_MS = 350;
const STEP_MS = 42;
const FRAME = 100; // characters

const TEXT = `## Tides

The Moon pulls on all of the Earth, but **not equally**: the near side feels more of it than the centre, and the centre more
than the far side. What matters is the *difference*, and \`12\` is its number.

- Where the sea is deep and wide enough to follow, it stands high on both sides at once.
- A place passes through [both bulges](https://example.com/1) while the Earth turns.

| Tide | After |
| --- | ---: |
| High | 12 h 25 min |

\`\`\`python
def tide(mass: float) -> float:
    return mass ** 3
\`\`\`

潮汐是月亮和太阳的引力造成的。It happens twice a day.
`;

/** As Chrome does when it translates a page; into the same language. */
function translate(container: Element): void {
  const texts = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (texts.nextNode()) found.push(texts.currentNode as Text);
  for (const text of found) {
    if (text.data.trim() === "" || text.parentElement?.closest("font, [translate=no]")) continue;
    const font = document.createElement("font");
    font.append(document.createElement("font"));
    font.firstElementChild?.append(text.data);
    text.replaceWith(font);
  }
}

/** Renders frames of a text, and returns what is shown after each step. */
function grow(
  text: string,
  onFlow: (isFlowing: boolean) => void = () => {},
  onStep: (container: Element) => void = () => {},
): { steps: string[]; html: string } {
  const show = (length: number, isStreaming: boolean) => (
    <FlowingMarkdown text={text.slice(0, length)} isStreaming={isStreaming} onFlow={onFlow} />
  );
  const steps: string[] = [];
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += STEP_MS / 2) {
      act(() => void vi.advanceTimersByTime(STEP_MS / 2));
      const shown = container.textContent ?? "";
      if (shown !== (steps.at(-1) ?? "")) steps.push(shown);
      onStep(container);
    }
  };
  const { container, rerender, unmount } = render(show(0, true));
  for (let length = FRAME; length < text.length + FRAME; length += FRAME) {
    rerender(show(length, true));
    pass(CADENCE_MS);
  }
  rerender(show(text.length, false));
  pass(250);
  const html = container.innerHTML;
  unmount();
  return { steps, html };
}

test("a reply that has flown looks like one that was loaded", () => {
  const { html, steps } = grow(TEXT.repeat(2));
  const { container } = render(<Markdown text={TEXT.repeat(2)} isStreaming={false} />);
  expect(html).toBe(container.innerHTML);
  expect(steps.length).toBeGreaterThan(4 * Math.ceil((2 * TEXT.length) / FRAME));
});

test("a reply that was translated while it grew has all of its words once", () => {
  const text = `${TEXT}\n> A quote that *goes* on and on for more than a frame, so that it changes while it is translated.\n\n<b>${TEXT}`;
  const { html, steps } = grow(text, undefined, translate);
  const { container } = render(<Markdown text={text} isStreaming={false} />);
  expect(html).toContain("<font>");
  expect(steps.at(-1)).toBe(container.textContent);
});

test("plain words are shown without parsing, in the paragraph that they continue", () => {
  const words = "the near side feels more of it than the centre and the centre more than the far side "
    .repeat(6)
    .trim();
  vi.mocked(fromMarkdown).mockClear();
  const { steps, html } = grow(words);
  expect(html).toBe(`<div class="markdown"><p dir="auto">${words}</p></div>`);
  for (const step of steps) expect(words.startsWith(step)).toBe(true);
  expect(vi.mocked(fromMarkdown).mock.calls.length).toBeLessThan(steps.length / 8);
});

test("the text flows until its last word is shown", () => {
  const flows: boolean[] = [];
  grow(TEXT, (isFlowing) => flows.push(isFlowing));
  expect(flows).toEqual([true, false]);
});

test("a replaced text never shows the end of the old one", () => {
  const show = (text: string) => <FlowingMarkdown text={text} isStreaming onFlow={() => {}} />;
  const { container, rerender } = render(show(""));
  rerender(show("The Moon pulls on all of the Earth but not equally at all. ".repeat(3)));
  act(() => void vi.advanceTimersByTime(CADENCE_MS / 2));
  expect(container.textContent).toMatch(/^The Moon pulls/);
  rerender(show("The Sun"));
  expect(container.textContent).toBe("The Sun");
});
