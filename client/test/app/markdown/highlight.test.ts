import { expect, test } from "vitest";
import { highlight } from "../../../app/markdown/highlight.ts";

const CHUNKS = ['def tide():\n    """High', 'and low."""', "", "    return 12"];

test("a string that continues in the next chunk is highlighted there, too", () => {
  const highlighted = highlight(CHUNKS, "python") ?? [];
  expect(highlighted.map((tokens) => tokens.map(({ text }) => text).join(""))).toEqual(CHUNKS);
  expect(highlighted[1]).toEqual([{ text: 'and low."""', className: "hljs-string" }]);
  expect(highlighted[3]).toContainEqual({ text: "return", className: "hljs-keyword" });
});

test("code in an unknown language stays plain", () => {
  expect(highlight(CHUNKS, "klingon")).toBeUndefined();
});
