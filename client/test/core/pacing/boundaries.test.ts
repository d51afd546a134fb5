import { afterEach, describe, expect, test, vi } from "vitest";
import { boundaryAt, wordEnd } from "../../../src/core/pacing/boundaries.ts";

/** The smallest steps in which this text can be shown. */
function cuts(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = wordEnd(text, at);
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

test("text is cut between words, with the white space before each", () => {
  expect(cuts("The Moon pulls,  \n\ntwice.")).toEqual(["The", " Moon", " pulls,", "  \n\ntwice."]);
});

test("the boundary at a position is the next one, and never the end of a text that may go on", () => {
  expect(boundaryAt("The Moon pulls", 0, 5)).toBe("The Moon".length);
  expect(boundaryAt("The Moon pulls", 0, 8)).toBe("The Moon".length);
  expect(boundaryAt("The Moon pulls", 0, 11)).toBe("The Moon".length);
});

test("Chinese, Japanese and Thai are cut between characters", () => {
  expect(cuts("潮汐は GraphQL")).toEqual(["潮", "汐", "は", " GraphQL"]);
  expect(cuts("ไทย")).toEqual(["ไ", "ท", "ย"]);
});

test("a grapheme is never cut", () => {
  const family = "👩‍👩‍👧‍👦";
  expect(cuts(family.repeat(4)).every((piece) => piece.length % family.length === 0)).toBe(true);
  expect(cuts("が".normalize("NFD").repeat(3))).toEqual(Array(3).fill("が".normalize("NFD")));
});

test("a long word is cut, so that a URL does not hold up the text", () => {
  const pieces = cuts(`https://example.com/${"a".repeat(100)}`);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(24);
});

test.each(["- item", "1. item", "> quote", "# Title", "> - item", "| cell", "**bold", "```python"])(
  "the marker of %s comes with the word after it",
  (line) => {
    expect(cuts(`Text\n${line} more`)).toEqual(["Text", `\n${line}`, " more"]);
  },
);

test("a line of markers alone is one piece", () => {
  expect(cuts("Text\n\n---\n\nmore")).toEqual(["Text", "\n\n---", "\n\nmore"]);
});

describe("without Intl.Segmenter, as in React Native", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("words are cut from words, and Chinese characters from each other", () => {
    vi.stubGlobal("Intl", {});
    expect(cuts("The Moon 潮汐 👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦 ไทย")).toEqual([
      "The",
      " Moon",
      " 潮",
      "汐",
      " 👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
      " ไทย",
    ]);
  });
});
