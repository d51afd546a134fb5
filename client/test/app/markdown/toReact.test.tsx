/** The attributes that Markdown's elements have, from the parsed text to the page. */

import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Markdown } from "../../../app/markdown/Markdown.tsx";

const html = (text: string) => renderToStaticMarkup(<Markdown text={text} isStreaming={false} />);

const CELL = (tag: string, side: string, text: string) => `<${tag} style="text-align:${side}">${text}</${tag}>`;

test.each([
  [
    "| a | b | c |\n| :-- | :-: | --: |\n| 1 | 2 | 3 |\n",
    `<thead><tr>${CELL("th", "left", "a")}${CELL("th", "center", "b")}${CELL("th", "right", "c")}</tr></thead>` +
      `<tbody><tr>${CELL("td", "left", "1")}${CELL("td", "center", "2")}${CELL("td", "right", "3")}</tr></tbody>`,
  ],
  ["3. three\n4. four\n", '<ol start="3" dir="auto"><li>three</li><li>four</li></ol>'],
  ["- [x] done\n", '<li class="task-list-item"><input type="checkbox" disabled="" checked=""/> done</li>'],
  ["- [ ] open\n", '<li class="task-list-item"><input type="checkbox" disabled=""/> open</li>'],
  [
    "[a](https://example.org)",
    '<a href="https://example.org" target="_blank" rel="noopener noreferrer nofollow">a</a>',
  ],
  ["one  \ntwo", '<p dir="auto">one<br/>\ntwo</p>'],
  ["~~gone~~ **bold** `code`", "<del>gone</del> <strong>bold</strong>"],
])("%s", (text, expected) => {
  expect(html(text)).toContain(expected);
});
