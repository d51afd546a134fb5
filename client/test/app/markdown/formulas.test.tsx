/** Formulas: what counts as one, while it is written and after, and what a hostile one may cost. */

import { act, render } from "@testing-library/react";
import type { Paragraph } from "mdast";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Markdown } from "../../../app/markdown/Markdown.tsx";
import { parse } from "../../../app/markdown/parse.ts";
import { typeset } from "../../../app/markdown/typeset.ts";
import type { TypesetRequest } from "../../../app/markdown/typesetting.ts";
import { seeded } from "./seeded.ts";

/** Typesets in this thread, except what would take forever. */
class SynchronousWorker extends EventTarget {
  static started = 0;

  constructor() {
    super();
    SynchronousWorker.started++;
    queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data: undefined })));
  }

  postMessage(sources: TypesetRequest) {
    queueMicrotask(() => {
      for (const source of sources) {
        if (source.includes("\\forever")) return;
        this.dispatchEvent(new MessageEvent("message", { data: { source, html: typeset(source) } }));
      }
    });
  }

  terminate() {}
}

beforeEach(() => void vi.stubGlobal("Worker", SynchronousWorker));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** The formulas in a text, as they were written. */
function formulas(text: string, isStreaming = false): (string | null)[] {
  const { container, unmount } = render(<Markdown text={text} isStreaming={isStreaming} />);
  const found = [...container.querySelectorAll(".formula")].map((formula) => formula.textContent);
  unmount();
  return found;
}

function shown(text: string, isStreaming = false): string | null {
  const { container, unmount } = render(<Markdown text={text} isStreaming={isStreaming} />);
  const found = container.textContent;
  unmount();
  return found;
}

test.each([
  ["where $x_1 + x_2$ is", ["$x_1 + x_2$"]],
  ["the $n$th of $k$ sets, $5$ of them", ["$n$", "$k$", "$5$"]],
  ["设$x$为$y^2$。", ["$x$", "$y^2$"]],
  ["($a*b$) and *($c*d$)*", ["$a*b$", "$c*d$"]],
  ["$\\$5 < x$ and \\$6", ["$\\$5 < x$"]],
  ["Euler: \\(e^{i\\pi} = -1\\), \\(x\\)", ["\\(e^{i\\pi} = -1\\)", "\\(x\\)"]],
  ["so $$a^2 = b$$ and \\[c_1\\] follow", ["$$a^2 = b$$", "\\[c_1\\]"]],
  ["$$\na\n= b\n- c \\\\\n# d\n$$", ["$$\na\n= b\n- c \\\\\n# d\n$$"]],
  ["Text:\n\\[\n\\begin{aligned}\na &= b \\\\\n&= c\n\\end{aligned}\n\\]\nMore", [expect.stringMatching(/\\\\\n&= c/)]],
  ["1. one\n   $$\n   x_*\n   $$\n2. two $y$\n\n> \\[\n> z\n> \\]", ["$$\nx_*\n$$", "$y$", "\\[\nz\n\\]"]],
  ["| a | $b^2$ |\n|---|---|\n| \\(c_d\\) | $$e^f$$ |", ["$b^2$", "\\(c_d\\)", "$$e^f$$"]],
  ["**Bold $x^2$** and [a $y$ link](https://example.org)", ["$x^2$", "$y$"]],
  ["$P(A) = \\text{the number of cases}$", ["$P(A) = \\text{the number of cases}$"]],
])("formulas of %j", (text, expected) => {
  expect(formulas(text)).toEqual(expected);
});

test.each([
  "It costs $5 and $10.",
  "Between $5 and 10$ more, he said.",
  "It went from $5 to $10, or US$7-US$8; $HOME/bin:$PATH and $a,$b too",
  "$20 (about €18), $1,000.50 and $3m",
  "5$, 6$ and $ 7 $",
  "cheap $$ to expensive $$$ places",
  "苹果$5，梨$6。",
  "I paid $5 for the first one and he had 10$ left",
])("prices and variables are text: %s", (text) => {
  expect(formulas(text)).toEqual([]);
  expect(shown(text)).toBe(text);
});

test.each([
  ["see \\[1\\] and \\(a short aside\\)", "see [1] and (a short aside)"],
  ["\\[a\\](b) and \\[x+y\\](https://example.org)", "[a](b) and [x+y](https://example.org)"],
  ["`$x$` and ``\\(y\\)``", "$x$ and \\(y\\)"],
])("escaped brackets and code are no formulas: %s", (text, expected) => {
  expect(formulas(text)).toEqual([]);
  expect(shown(text)).toBe(expected);
});

describe("a formula that is still being written", () => {
  test.each([
    ["It is \\(a_1 * b", "It is \\(a_1 * b"],
    ["It is **$x_1 + *y", "It is $x_1 + *y"],
    ["So\n\n$$\na\n- b\n# c\n", "So$$\na\n- b\n# c\n"],
    ["- one\n- \\[\n  a_1\n  + b_1", "one\\[\na_1\n+ b_1"],
    ["# a *b* \\(x*y", "a b \\(x*y"],
  ])("is shown as it was written: %j", (text, expected) => {
    expect(
      shown(text, true)
        ?.replaceAll(/\n {2}/g, "\n")
        .trim(),
    ).toBe(expected.trim());
    expect(formulas(text, true)).toEqual([]);
  });

  test("keeps markers that are open before it, and those after a price", () => {
    const bold = (text: string) => {
      const { container, unmount } = render(<Markdown text={text} isStreaming />);
      const found = [...container.querySelectorAll("strong")].map((element) => element.textContent);
      unmount();
      return found;
    };
    expect(bold("**Bold \\(x_")).toEqual(["Bold \\(x_"]);
    expect(bold("It costs **$5**")).toEqual(["$5"]);
    expect(bold("From $5 to **ten")).toEqual(["ten"]);
    expect(bold("If $a*b$ and **c")).toEqual(["c"]);
  });

  test("ends as the same HTML as the finished text", () => {
    const made = [
      ..."$ $$ \\( \\) \\[ \\] x^2 5 and words a_1 *b* `c` ~~ \\\\ = - # | word".split(" "),
      ...["\n", "\n\n", "\n- ", "\n\n> ", "$x$ ", "\\(y\\) ", "\n$$\nz\n$$\n", " $5 ", "\n\\[\n", "\n\\]\n", "**"],
    ];
    const random = seeded(3);
    for (let round = 0; round < 6; round++) {
      const text = Array.from(
        { length: 4 + random(16) },
        () => `${made[random(made.length)]}${random(3) ? " " : ""}`,
      ).join("");
      const step = 3 + random(12);
      const { container, rerender, unmount } = render(<Markdown text="" isStreaming />);
      for (let end = 0; end < text.length; end += step) rerender(<Markdown text={text.slice(0, end)} isStreaming />);
      rerender(<Markdown text={text} isStreaming={false} />);
      const streamed = container.innerHTML;
      unmount();
      const finished = render(<Markdown text={text} isStreaming={false} />);
      expect(streamed, JSON.stringify(text)).toBe(finished.container.innerHTML);
      finished.unmount();
    }
  });
});

describe("typesetting", () => {
  const settled = async (text: string) => {
    const { container } = render(<Markdown text={text} isStreaming={false} />);
    await act(() =>
      vi.waitFor(() => expect(container.querySelector("[data-typeset]")).not.toBeNull(), { timeout: 10_000 }),
    );
    return container;
  };

  test("shows HTML for eyes and MathML for ears, and what is invalid as it was written", async () => {
    const container = await settled("Good $x^2$, bad $\\frac{1$ and $\\nonsense x$.");
    expect(container.querySelector("math annotation")?.textContent).toBe("x^2");
    expect(container.querySelector(".katex-html")?.getAttribute("aria-hidden")).toBe("true");
    expect(container.querySelectorAll("[data-typeset]")).toHaveLength(1);
    expect(container.textContent).toContain("bad $\\frac{1$ and $\\nonsense x$.");
  });

  test("trusts nothing of a formula, and expands no definitions", () => {
    expect(typeset("$\\href{https://evil.example}{x}$")).toBeUndefined();
    expect(typeset("$\\includegraphics{https://evil.example/a.png}$")).toBeUndefined();
    expect(typeset("$\\text{<img src=x onerror=alert(1)>}$")).not.toContain("<img");
    expect(typeset("$\\def\\a{xxxx}\\a\\a$")).toBeUndefined();
    expect(typeset("$\\definitely$")).toBeUndefined();
    expect(typeset(`$${"{".repeat(400)}x${"}".repeat(400)}$`)?.length ?? 0).toBeLessThan(300_001);
  });

  test("of a formula that takes forever is ended, and the others are shown", async () => {
    const before = SynchronousWorker.started;
    vi.useFakeTimers();
    const { container } = render(<Markdown text={"$y + 1$, $\\forever$ and $y + 2$"} isStreaming={false} />);
    await act(() => vi.advanceTimersByTimeAsync(5_000));
    expect(container.querySelectorAll("[data-typeset]")).toHaveLength(2);
    expect(container.textContent).toContain("$\\forever$");
    expect(SynchronousWorker.started - before).toBeGreaterThan(0);
  });
});

test("a text has at most 1,000 signs of formulas, and no formula is too long", () => {
  const { settled, open } = parse("$x^2$ ".repeat(2_000), false);
  const nodes = [...settled, ...open].flatMap(({ chunks }) =>
    chunks.flatMap(({ node }) => (node as Paragraph).children),
  );
  expect(nodes.filter(({ type }) => type === "formula")).toHaveLength(500);
  expect(formulas(`$x + ${"1".repeat(1_000)}$`)).toEqual([]);
  expect(formulas(`$$\nx + ${"1".repeat(3_000)}\n$$`)).toEqual([]);
  expect(formulas(`${"\\[ ".repeat(900)}\n\n$w$`)).toEqual(["$w$"]);
});
