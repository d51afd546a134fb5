import { expect, test } from "vitest";
import { colours } from "../../../app/markdown/highlight.ts";

const PARTS = ['def tide():\n    """High', 'and low."""', "", "    return 12"];

test("code in parts is coloured as a whole: a string that goes on in the next part is one there too", () => {
  const coloured = colours(PARTS, "python") ?? [];
  expect(coloured.map((tokens) => tokens.map(({ text }) => text).join(""))).toEqual(PARTS);
  expect(coloured[1]).toEqual([{ text: 'and low."""', kind: "hljs-string" }]);
  expect(coloured[3]).toContainEqual({ text: "return", kind: "hljs-keyword" });
});

test("code in a language that nobody knows stays plain", () => {
  expect(colours(PARTS, "klingon")).toBeUndefined();
});
