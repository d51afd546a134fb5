/** Markdown in texts without spaces, and what models write where Markdown has no way to say it. */

import { render } from "@testing-library/react";
import { expect, test } from "vitest";
import { Markdown } from "../../../app/markdown/Markdown.tsx";

function html(text: string): string {
  const { container, unmount } = render(<Markdown text={text} isStreaming={false} />);
  const found = container.querySelector(".markdown")?.innerHTML ?? container.innerHTML;
  unmount();
  return found.replaceAll(' target="_blank" rel="noopener noreferrer nofollow"', "");
}

test.each([
  ["**「重要」**です", "<strong>「重要」</strong>です"],
  ["これは**強調（きょうちょう）**である。", "これは<strong>強調（きょうちょう）</strong>である。"],
  ["**该产品。**是好的", "<strong>该产品。</strong>是好的"],
  ["snake_case_name and 2*3*4", "snake_case_name and 2<em>3</em>4"],
])("emphasis in %s", (text, expected) => {
  expect(html(text)).toContain(expected);
});

test.each([["気温は20~25度、湿度は40~60%です"], ["~5 minutes, or ~10"], ["a ~ b ~ c"]])(
  "one ~ is text in %s",
  (text) => {
    expect(html(text)).toContain(text);
    expect(html(text)).not.toContain("<del>");
  },
);

test("two ~ strike out", () => {
  expect(html("~~gone~~ and 1~2")).toContain("<del>gone</del> and 1~2");
});

test.each([
  ["詳しくはhttps://example.com/a。次へ", "https://example.com/a", "。次へ"],
  ["见 https://example.com/b，然后", "https://example.com/b", "，然后"],
  ["「https://example.com/c」を", "https://example.com/c", "」を"],
  ["www.example.com/d、と", "http://www.example.com/d", "、と"],
])("the address in %s ends before the punctuation", (text, address, rest) => {
  const shown = address.replace(/^http:\/\/www/, "www");
  expect(html(text)).toContain(`<a href="${address}">${shown}</a>${rest}`);
});

test("a link with a text of its own keeps its address", () => {
  expect(html("[説明。](https://example.com/a。b)")).toMatch(/<a href="https:\/\/example\.com\/a[^"]+b">説明。<\/a>/);
});

test("<br> breaks a line, also in a table cell, and other HTML is shown as text", () => {
  const table = html("| a |\n| --- |\n| one<br>two<br/>three |\n");
  expect(table).toContain("one<br>two<br>three");
  expect(html("a <b>bold</b> <script>alert(1)</script>")).toContain("&lt;b&gt;bold&lt;/b&gt; &lt;script&gt;");
});

test("each block has the direction of its first letter, and code in it does not count", () => {
  const { container } = render(
    <Markdown text={"One\n\n`x` \u05d0\u05d7\u05ea\n\n- \u05d0\n\n> two\n\n# \u05d1\n"} isStreaming={false} />,
  );
  const blocks = [...(container.querySelector(".markdown")?.children ?? [])];
  expect(blocks.map((block) => `${block.localName} ${block.getAttribute("dir")}`)).toEqual(
    ["p", "p", "ul", "blockquote", "h1"].map((name) => `${name} auto`),
  );
  expect(container.querySelector("code")?.getAttribute("dir")).toBe("ltr");
  expect(container.querySelectorAll("li[dir], blockquote [dir]")).toHaveLength(0);
});
