/** Counts the parsed characters and changed nodes of an update of a long text. `make rendering` measures the time. */

import { render } from "@testing-library/react";
import { fromMarkdown } from "mdast-util-from-markdown";
import { beforeEach, expect, test, vi } from "vitest";
import { Markdown } from "../../../app/markdown/Markdown.tsx";

vi.mock("mdast-util-from-markdown", async (original) => {
  const module = await original<typeof import("mdast-util-from-markdown")>();
  return { ...module, fromMarkdown: vi.fn(module.fromMarkdown) };
});

beforeEach(() => {
  vi.mocked(fromMarkdown).mockClear();
});

const LENGTH = 20_000;
const STEP = 100; // characters in an update
const UPDATES = 8;

// The last chunk and the new text. The largest chunks are 32 lines of code.
const MAX_PARSED_CHARACTERS = 2_500;
const MAX_CHANGED_NODES = 40;

const SENTENCES =
  "The Moon pulls on all of the Earth, but **not equally**: the near side feels more of it than the centre, and the " +
  "centre more than the far side. What matters is the *difference*, and `12` is its number.\n\n";

const KINDS: Record<string, string> = {
  prose: SENTENCES.repeat(120),
  "one paragraph": SENTENCES.replaceAll("\n\n", " ").repeat(120),
  "one list": "- Tide **12** comes *after* the last one\n".repeat(600),
  "one loose numbered list": "1. Tide **12** comes *after* the last one\n\n".repeat(600),
  "one table": `| Tide | After | Height |\n| --- | --- | ---: |\n${"| High | 12 h 25 min | **3.1 m** |\n".repeat(800)}`,
  "one block of code": `\`\`\`python\n${"def tide(mass: float) -> float:\n    return mass ** 3\n\n".repeat(500)}`,
};

test.each(Object.keys(KINDS))("an update of 20 kB of %s parses and changes only the new text", (kind) => {
  const text = KINDS[kind] ?? "";
  const { container, rerender } = render(<Markdown text={text.slice(0, LENGTH)} isStreaming />);
  rerender(<Markdown text={text.slice(0, LENGTH + STEP)} isStreaming />);
  const changes = new MutationObserver(() => {});
  changes.observe(container, { subtree: true, childList: true, characterData: true, attributes: true });
  let parsedInAll = 0;
  for (let update = 2; update < UPDATES; update++) {
    vi.mocked(fromMarkdown).mockClear();
    rerender(<Markdown text={text.slice(0, LENGTH + update * STEP)} isStreaming />);
    const parsed = vi.mocked(fromMarkdown).mock.calls.reduce((sum, [source]) => sum + String(source).length, 0);
    expect(parsed).toBeLessThan(MAX_PARSED_CHARACTERS);
    parsedInAll += parsed; // 0 for plain text, which needs no parser
    const changed = changes.takeRecords().reduce((sum, { target, addedNodes, removedNodes }) => {
      const added = [...addedNodes].reduce((nodes, node) => nodes + nodesIn(node), 0);
      return sum + added + removedNodes.length + (target.nodeType === Node.TEXT_NODE ? 1 : 0);
    }, 0);
    expect(changed).toBeLessThan(MAX_CHANGED_NODES);
    expect(changed).toBeGreaterThan(0);
  }
  expect(parsedInAll).toBeGreaterThan(0);
  expect(container.textContent?.length).toBeGreaterThan(LENGTH / 2);
});

function nodesIn(node: Node): number {
  return 1 + [...node.childNodes].reduce((sum, child) => sum + nodesIn(child), 0);
}

test("the end of a text does not parse all of it again", () => {
  const text = SENTENCES.repeat(120);
  const { rerender } = render(<Markdown text={text} isStreaming />);
  vi.mocked(fromMarkdown).mockClear();
  rerender(<Markdown text={`${text}The end.`} isStreaming={false} />);
  const sources = vi.mocked(fromMarkdown).mock.calls.map(([source]) => String(source));
  expect(sources.join("").length).toBeLessThan(MAX_PARSED_CHARACTERS);
  expect(sources.join("")).toContain("The end.");
});
