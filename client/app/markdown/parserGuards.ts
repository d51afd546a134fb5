/**
 * Keeps the Markdown parser from blocking the page. It takes seconds for a thousand nested quotes, thousands of stars or
 * brackets that are never closed, or a million table cells. A model that runs away writes such text, and every reader's
 * browser would parse it. So those characters are masked before parsing, one for one, and restored as plain text afterwards.
 */

import { begins, columnsOf, DELIMITER_ROW, MAX_COLUMNS } from "./pieces.ts";

const MAX_NESTING = 30; // nested lists and quotes, in one line
const MAX_MARKERS = 1_000; // in one paragraph; the parser's time grows with their square
const MAX_CELLS = 10_000; // later rows of the table are text
const MAX_CONTAINERS = 500; // quotes, and lists in items, in one piece; the parser's time grows with their square
const MAX_JOINED_LINES = 200; // that continue a paragraph; in a quote or list, the parser's time grows with their square
const MAX_JOINED_LINES_IN_ALL = 1_000;

const MARKER = "(?:[-*+]|\\d{1,9}[.)])(?=[ \\t])";
const DEEPLY_NESTED = new RegExp(`^(?:[ \\t]*(?:>|${MARKER})){${MAX_NESTING},}.*`, "gm");
const DEEPLY_INDENTED = new RegExp(`^(?: {4}|\\t){${MAX_NESTING / 2},}[ \\t]*(?:>|${MARKER}).*`, "gm");
const NESTING = /[-*+>.)]/g;
const MARKERS = /[*_~[\]]/g;
const IN_ROWS = /[-|*_~[\]`<&\\]/g;

/** Where a paragraph may end and another block may start. */
const BLOCK_STARTS = /(?=\n[ \t]*(?:\n|[-*+][ \t]|\d{1,9}[.)][ \t]|[>|#]))/;

/** A line that cannot be the continuation of a paragraph, or is a row of a table. */
const OTHER_LINE = /^[ \t]*(?:$|[>|#<=[:]|[-*+](?:[ \t]|$)|\d{1,9}[.)]|[-*_][ \t]*[-*_]|`{3}|~{3})/;

/** First of the code points that Unicode reserves for internal use, so no text contains them. */
const FIRST_MASK = 0xfdd0;
const MASKS = /[\ufdd0-\ufdee]/g;
const MASKABLE = "-*+>.)_~[]|`<&\\\n$(:@";
const ALL_SIGNS = /[-*+>.)_~[\]|`<&\\\n$(:@]/g;

/** Stands for each character of a formula while `parse.ts` completes the text around it. */
export const FILLER = "\ufdef";

/**
 * Returns the source itself if the parser can handle it. If the source continues a table, `rowsBefore` is the number of rows
 * that the table had before.
 */
export function mask(source: string, rowsBefore = 0): string {
  const shallow = maskContainers(joinLines(maskTables(source, rowsBefore)))
    .replace(DEEPLY_NESTED, (line) => maskAll(line, NESTING))
    .replace(DEEPLY_INDENTED, (line) => maskAll(line, NESTING));
  if (countMarkers(shallow) <= MAX_MARKERS) return shallow;
  return shallow
    .split(BLOCK_STARTS)
    .map((block) => (countMarkers(block) > MAX_MARKERS ? maskAll(block, MARKERS) : block))
    .join("");
}

/** Makes a part of a paragraph text without syntax, in one line. */
export function maskSigns(text: string): string {
  return maskAll(text, ALL_SIGNS);
}

/** From this offset on, no `$`, `\\(` and `\\[` start a formula. */
export function maskFormulas(source: string, from: number): string {
  if (from >= source.length) return source;
  const start = Math.max(from, 0);
  return source.slice(0, start) + maskAll(source.slice(start), /\$|\\(?=[([])/g);
}

export function isMasked(source: string): boolean {
  return source.search(MASKS) >= 0;
}

/** Restores the masked characters in all strings of a syntax tree. */
export function unmask<Value>(value: Value): Value {
  if (typeof value === "string") return unmaskText(value) as Value;
  if (Array.isArray(value)) return value.map(unmask) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unmask(inner)])) as Value;
}

/** Rows beyond the limit become rows of one cell, which shows them as they were written. */
function maskTables(source: string, rowsBefore: number): string {
  if (source.length < MAX_COLUMNS && rowsBefore === 0) return source;
  let rowsLeft = Number.POSITIVE_INFINITY;
  return mapLines(source, (line, index) => {
    if (/^[ \t>]*$/.test(line)) rowsLeft = Number.POSITIVE_INFINITY;
    else if (DELIMITER_ROW.test(line) && line.includes("|") && rowsLeft === Number.POSITIVE_INFINITY) {
      const columns = columnsOf(line);
      rowsLeft = columns > MAX_COLUMNS ? 0 : Math.floor(MAX_CELLS / columns) - (index === 1 ? rowsBefore : 0);
      return columns > MAX_COLUMNS ? maskAll(line, IN_ROWS) : line;
    } else if (rowsLeft-- <= 0) return maskAll(line, IN_ROWS);
    return line;
  });
}

/** The markers of quotes and nested lists beyond the limit become text. */
function maskContainers(source: string): string {
  let containers = 0;
  return mapLines(source, (line, _, before = "") => {
    if (begins(line, before)) containers++;
    if (containers <= MAX_CONTAINERS || !/^[ \t>]/.test(line)) return line;
    return line.replace(CONTAINER_PREFIX, (prefix) => maskAll(prefix, NESTING));
  });
}

const CONTAINER_PREFIX = new RegExp(`^(?:[ \\t]*(?:>|${MARKER}))+`);

/** Joins lines that continue a paragraph, if there are too many. They look the same, except for hard breaks. */
function joinLines(source: string): string {
  let run = 0;
  let all = 0;
  return mapLines(source, (line, _, before) => {
    if (before === undefined || before === "" || OTHER_LINE.test(line)) {
      run = 0;
      return line;
    }
    return ++run > MAX_JOINED_LINES || ++all > MAX_JOINED_LINES_IN_ALL ? `\n${line}` : line;
  });
}

/** Maps each line. If a mapped line starts with a line break, that break, which is the one before it, is masked. */
function mapLines(source: string, map: (line: string, index: number, before: string | undefined) => string): string {
  const lines = source.split("\n");
  let isChanged = false;
  const mapped = lines.map((line, index) => {
    const result = map(line, index, lines[index - 1]);
    isChanged ||= result !== line;
    if (index === 0) return result;
    return result.startsWith("\n") ? maskAll(result.slice(0, 1), /\n/g) + result.slice(1) : `\n${result}`;
  });
  return isChanged ? mapped.join("") : source;
}

function countMarkers(text: string): number {
  return text.match(MARKERS)?.length ?? 0;
}

function maskAll(text: string, characters: RegExp): string {
  return text.replace(characters, (character) => String.fromCharCode(FIRST_MASK + MASKABLE.indexOf(character)));
}

function unmaskText(text: string): string {
  return text.replace(MASKS, (character) => MASKABLE[character.charCodeAt(0) - FIRST_MASK] ?? character);
}
