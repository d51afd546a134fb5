import { render } from "@testing-library/react";
import type { TableRow } from "mdast";
import { describe, expect, test } from "vitest";
import { Markdown } from "../../../app/markdown/Markdown.tsx";
import { parse } from "../../../app/markdown/parse.ts";
import { mask, unmask } from "../../../app/markdown/parserGuards.ts";
import { begins, parsedLength, split } from "../../../app/markdown/pieces.ts";
import { seeded } from "./seeded.ts";

describe("text that would take the parser seconds is shown as plain text", () => {
  const pathological = [
    ["nested lists", `${"- ".repeat(4000)}x`],
    ["nested quotes", `${">".repeat(12_000)} x`],
    ["stars that are not closed", "*a ".repeat(4000) + "b*".repeat(4000)],
    ["nested brackets", "[".repeat(20_000) + "]".repeat(20_000)],
    ["links that are not closed", "[a](".repeat(10_000)],
    ["underscores in many lines", `${"_a\n".repeat(4000)}b_`],
  ] as const;

  test.each(pathological)("%s", (_, text) => {
    for (const isStreaming of [true, false]) {
      const { container } = render(<Markdown text={`**Well**\n\n${text}\n\nAnd *then*?`} isStreaming={isStreaming} />);
      expect(container.textContent).toContain(text);
      expect([...container.querySelectorAll("strong, em")].map((mark) => mark.textContent)).toEqual(["Well", "then"]);
    }
  });

  test("but many markers in different paragraphs, items and rows are parsed", () => {
    const text = "- a **b** *c*\n".repeat(300) + "\n| **a** |\n|---|\n".concat("| *b* |\n".repeat(300));
    const { container } = render(<Markdown text={text} isStreaming={false} />);
    expect(container.querySelectorAll("strong")).toHaveLength(301);
    expect(container.querySelectorAll("em")).toHaveLength(600);
  });
});

describe("text that would make too many nodes or lines", () => {
  const row = (columns: number) => `|${"a|".repeat(columns)}\n`;
  const table = (columns: number, rows: number) =>
    row(columns) + row(columns).replaceAll("a", "-") + row(columns).repeat(rows);
  const shown = (text: string) => render(<Markdown text={text} isStreaming={false} />).container;

  test("a table that is too wide is shown as it was written", () => {
    const container = shown(table(1_000, 20));
    expect(container.querySelector("table")).toBeNull();
    expect(container.textContent).toContain(table(1_000, 20).trim());
  });

  test("rows beyond the limit are shown as they were written, also while the table grows", () => {
    const text = table(100, 103);
    for (const before of [undefined, parse(text.slice(0, -300), true)]) {
      const { settled, open } = parse(text, false, before);
      const rows = [...settled, ...open].at(-1)?.chunks.map(({ node }) => node as TableRow) ?? [];
      expect(rows.map(({ children }) => children.length)).toEqual([...Array(100).fill(100), 1, 1, 1]);
      expect(rows.at(-1)?.children[0]?.children).toMatchObject([{ type: "text", value: row(100).trim() }]);
    }
    const container = shown(`${row(2)}|-|-|\n${row(2).repeat(3)}`);
    expect(container.querySelectorAll("tbody td")).toHaveLength(6);
  });

  test("a short row gets one empty cell for all that it lacks", () => {
    const container = shown(`${table(100, 0)}${"|a\n".repeat(100)}`);
    expect(container.querySelectorAll("tbody td")).toHaveLength(200);
  });

  test.each(["> ", "- ", "> > - "])("20,000 lines that continue %s are joined, and none is lost", (marker) => {
    const masked = mask(`${marker}a\n${"b\n".repeat(20_000)}`);
    expect(masked.split("\n").length).toBeLessThan(300);
    expect(unmask(masked)).toBe(`${marker}a\n${"b\n".repeat(20_000)}`);
  });

  test("lists that are nested too deeply by indentation are text", () => {
    const text = Array.from({ length: 200 }, (_, depth) => `${"  ".repeat(depth)}- a\n`).join("");
    expect(shown(text).querySelectorAll("ul").length).toBeLessThan(40);
    expect(shown(text).textContent?.match(/a/g)).toHaveLength(200);
  });

  const given = (text: string) => split(text).filter(({ isVerbatim }) => !isVerbatim);

  test("a table of a million cells is not given to the parser", () => {
    const text = `Before\n\n${table(1_000, 1_000)}\nAfter`;
    expect(given(text).map(({ source }) => source)).toEqual(["Before\n\n", "\nAfter"]);
    expect(
      split(text)
        .map(({ source }) => source)
        .join(""),
    ).toBe(text);
  });

  test.each([
    ["> a\nb\n\n", 1],
    ["> a\n\n", 1],
    ["> a\n# b\n", 1],
    ["> a\n- b\n", 1],
    ["- a\n1. b\n", 1],
    ["- a\n\nb\n\n", 1],
    ["> a\n```\n> c\n```\n", 1],
    ["> a\n<!-- -->\n\n", 1],
  ])("5,000 times %j is given to the parser in pieces", (text, containers) => {
    const pieces = given(text.repeat(5_000));
    expect(pieces.map(({ source }) => source).join("") === text.repeat(5_000)).toBe(true);
    for (const { source } of pieces) expect(source.split(text).length).toBeLessThan(103 * containers);
  });

  test.each(["- x\n\n  > a\n\n", "> > a\n>\n", "  > a\n\n", "- a\n  - b\n"])(
    "of 5,000 times %j, at most 500 are quotes or lists for the parser",
    (text) => {
      const long = `- x\n\n${text.repeat(5_000)}`;
      for (const { source } of given(long)) {
        const lines = mask(source).split("\n");
        expect(lines.filter((line, index) => begins(line, lines[index - 1] ?? "")).length).toBeLessThanOrEqual(500);
        expect(unmask(lines.join("\n")) === source).toBe(true);
      }
    },
  );

  test("pieces mean the same as the whole text", () => {
    const made = [
      "> a\n",
      "> ```\n",
      "```\n",
      "- > b\n",
      "- c\n",
      "  ```\n",
      "\n",
      "d\n",
      "# e\n",
      "<!--\n",
      "-->\n",
      "<pre>\n",
      "</pre>\n",
      "~~~\n",
      "***\n",
      "    f\n",
    ];
    const random = seeded(11);
    for (let round = 0; round < 60; round++) {
      const text = Array.from({ length: 40 }, () => made[random(made.length)]).join("");
      const whole = parse(text, false);
      const pieces = split(text, 1);
      let offset = 0;
      const starts = pieces.flatMap(({ source }) => {
        const { settled, open } = parse(source, false);
        const found = [...settled, ...open].map(({ start, node }) => `${start + offset} ${node.type}`);
        offset += source.length;
        return found;
      });
      expect(starts, JSON.stringify(text)).toEqual(
        [...whole.settled, ...whole.open].map(({ start, node }) => `${start} ${node.type}`),
      );
    }
  });

  test("what follows too many lines is shown as it was written, also while it grows", () => {
    const text = "a\n\n".repeat(3_000);
    const end = parsedLength(text);
    expect(end).toBe(7_500);
    const begun = parse(text.slice(0, -400), true);
    const grown = parse(text, true, begun);
    expect(grown.settled).toBe(begun.settled);
    expect(grown.open.map(({ start, node }) => ({ start, node }))).toEqual([
      { start: end, node: { type: "text", value: text.slice(end).trimEnd() } },
    ]);
    expect(grown.settled.length).toBe(parse(text, false).settled.length);
  });

  test.each([
    ["500 lines", `${"a".repeat(1_000)}\n`.repeat(500), 499 * 1_001],
    ["one line", "a".repeat(500_001), 500_000],
  ])("the parser is given at most 500,000 characters of %s", (_, text, most) => {
    expect(parsedLength(text)).toBe(most);
    expect(parsedLength(text.slice(0, 500_000))).toBe(500_000);
  });
});
