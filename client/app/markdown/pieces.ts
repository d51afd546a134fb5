/**
 * Splits a text before it is parsed, by its lines alone. The parser's time grows with the square of the number of
 * quotes and lists that it is given, and with the length of what turns out to be no table. So it is given a few of them at a time, and
 * what is too costly is not given to it at all, but shown as it was written.
 */

const MAX_LINES = 5_000; // of a text; later lines are shown as they were written
const MAX_CHARACTERS = 500_000; // likewise
const MAX_CONTAINERS = 100; // in one piece, if there is a place to split it
export const MAX_COLUMNS = 100; // a wider table is text

export const DELIMITER_ROW = /^[ \t>]*[-:|][-:| \t]*$/;

/** Consecutive lines of a text. */
export interface Piece {
  readonly source: string;
  /** True if it is shown as it was written. */
  readonly isVerbatim: boolean;
}

/** Offset of the line at which the text gets too long for the parser; its length, if it does not. */
export function parsedLength(text: string): number {
  let end = -1;
  for (let line = 0; line < MAX_LINES; line++) {
    const next = text.indexOf("\n", end + 1);
    if (next < 0) return text.length <= MAX_CHARACTERS ? text.length : end + 1 || MAX_CHARACTERS;
    if (next >= MAX_CHARACTERS) return end + 1 || MAX_CHARACTERS;
    end = next;
  }
  return end + 1;
}

/** Splits where the parser would begin a new block, too. So each piece means the same alone, except for references. */
export function split(source: string, most = MAX_CONTAINERS): Piece[] {
  if (source.length < MAX_COLUMNS) return [{ source, isVerbatim: false }];
  const pieces: Piece[] = [];
  const lines = source.split("\n");
  const scan = scanner();
  let from = 0;
  let containers = 0;
  const cut = (to: number, isVerbatim = false) => {
    if (to > from)
      pieces.push({ source: lines.slice(from, to).join("\n") + (to < lines.length ? "\n" : ""), isVerbatim });
    from = to;
    containers = 0;
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    const before = lines[index - 1] ?? "";
    const isStart = scan(line, before);
    if (isStart && containers >= most) cut(index);
    if (ITEM.test(line) || begins(line, before)) containers++;
    if (index > from && !scan.isInCode() && isTooWide(line, before)) {
      cut(index - 1);
      while (index + 1 < lines.length && lines[index + 1]?.trim() !== "") index++;
      cut(index + 1, true);
    }
  }
  cut(lines.length);
  return pieces;
}

function isTooWide(line: string, header: string): boolean {
  return !line.includes(">") && header.includes("|") && DELIMITER_ROW.test(line) && columnsOf(line) > MAX_COLUMNS;
}

export function columnsOf(delimiterRow: string): number {
  return delimiterRow.match(/-+/g)?.length ?? 1;
}

const QUOTE_PREFIX = /^(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]))*/;

/** Number of quotes that a line is in, by the markers that it starts with. */
export function quoteDepth(line: string): number {
  return line.includes(">") ? (QUOTE_PREFIX.exec(line)?.[0].match(/>/g) ?? []).length : 0;
}

/** True if the line is in more quotes than the one before, or starts a list inside an item or under a paragraph. */
export function begins(line: string, before: string): boolean {
  if (quoteDepth(line) > quoteDepth(before)) return true;
  return NESTED_ITEM.test(line) && indentOf(line) > indentOf(before);
}

function indentOf(line: string): number {
  return line.search(/[^ \t]|$/);
}

const NESTED_ITEM = /^[ \t]+(?:[-*+]|\d{1,9}[.)])[ \t]/;

const FENCE = /^( {0,3})(`{3,}|~{3,})(.*)$/;
const HEADING = /^#{1,6}[ \t]/;
const ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/;
const BULLET = /^[-*+][ \t]+\S/;
const INTERRUPTING_ITEM = /^(?:([-*+])|1([.)]))[ \t]+\S/; // starts a list even below a paragraph

const TAG = /^ {0,3}<\/?[a-z]/i;

/** HTML that does not end with an empty line, and how it ends instead. */
const HTML: readonly (readonly [RegExp, RegExp])[] = [
  [/^ {0,3}<!--/, /-->/],
  [/^ {0,3}<\?/, /\?>/],
  [/^ {0,3}<!\[CDATA\[/, /\]\]>/],
  [/^ {0,3}<![A-Za-z]/, />/],
  [/^ {0,3}<(?:script|pre|style|textarea)(?:[ \t>]|$)/i, /<\/(?:script|pre|style|textarea)>/i],
];

/** Finds lines at which a block certainly starts, by what the lines start with. */
function scanner() {
  let fence: string | undefined;
  let html: RegExp | undefined;
  let isInTag = false; // until the next empty line, if it is no paragraph
  let isInList = false;
  let isUnsure = false; // after code or HTML that may belong to an item of a list, so that its end is not known

  const scan = (line: string, before: string): boolean => {
    if (html) {
      if (html.test(line)) html = undefined;
      return false;
    }
    const [, indent = "", marks = "", info = ""] = FENCE.exec(line) ?? [];
    if (fence !== undefined) {
      if (marks.startsWith(fence) && info.trim() === "") fence = undefined;
      return false;
    }
    const isAfterBlank = before.trim() === "";
    const isItem = ITEM.test(line);
    const isIndented = /^[ \t]/.test(line);
    if (isItem) isInList = true;
    else if (isAfterBlank && !isIndented && line !== "") isInList = false;
    isInTag = line.trim() !== "" && (isInTag || TAG.test(line));
    isUnsure ||= isInTag && marks !== "";
    isUnsure ||= isInList && ((indent !== "" && marks !== "") || /^ +<[!?a-z]/i.test(line));
    if (isUnsure) return false;
    if (marks !== "" && !(marks[0] === "`" && info.includes("`"))) {
      fence = marks;
      return indent === "";
    }
    for (const [start, end] of HTML)
      if (start.test(line)) {
        if (!end.test(line.replace(start, ""))) html = end;
        return false;
      }
    if (line === "" || isIndented || isInTag) return false;
    if (HEADING.test(line)) return true;
    if (isItem) return startsList(line, before);
    return isAfterBlank || (line.startsWith(">") && BULLET.test(before));
  };
  scan.isInCode = () => isUnsure || fence !== undefined || html !== undefined;
  return scan;
}

/** True for the first item of a list that follows a quote, or an item of another kind. */
function startsList(line: string, before: string): boolean {
  const [item, bullet, delimiter] = INTERRUPTING_ITEM.exec(line) ?? [];
  if (item === undefined || RULE.test(line) || RULE.test(before)) return false;
  return before.startsWith(">") || (INTERRUPTING_ITEM.test(before) && !before.startsWith(bullet ?? `1${delimiter}`));
}

const RULE = /^(?:[-*_][ \t]*){3,}$/;
