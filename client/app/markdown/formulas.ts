/**
 * What counts as a formula: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`. A dollar sign is more often a price, so `$…$` has the rules
 * of Pandoc, and must not contain a sentence.
 */

export const MAX_INLINE_CHARACTERS = 1_000;
export const MAX_DISPLAY_CHARACTERS = 3_000;
const MAX_SIGNS = 1_000; // in a text: a `$`, `\(` or `\[` after so many is text

export type Opening = "$" | "$$" | "\\(" | "\\[";

const CLOSINGS: Readonly<Record<Opening, string>> = { $: "$", $$: "$$", "\\(": "\\)", "\\[": "\\]" };

export function isDisplay(opening: Opening): boolean {
  return opening === "$$" || opening === "\\[";
}

/** The TeX of a formula, without its delimiters. */
export function texOf(source: string): { tex: string; isDisplay: boolean } {
  const width = /^(?:\$\$|\\)/.test(source) ? 2 : 1;
  return { tex: source.slice(width, -width).trim(), isDisplay: /^(?:\$\$|\\\[)/.test(source) };
}

/** True if the text between the delimiters is a formula. `isBlock` is true if nothing else is on its lines. */
export function isFormula(content: string, opening: Opening, isBlock = false): boolean {
  if (content.trim() === "") return false;
  if (isDisplay(opening)) return isBlock || SIGNS.test(content);
  return !isProse(content);
}

/** In a line of text, `\[1\]` is an escaped bracket, and `$$ to $$$` a class of prices. */
const SIGNS = /[\\^_={}+<>*/-]|^\s*\p{L}\s*$/u;

/** True for words and prices. Text that is appended to prose does not make it a formula. */
export function isProse(content: string): boolean {
  const bare = content.replace(/\\(?:[A-Za-z]+\*?|.)|\{[^{}]*(?:\}|$)/g, "0");
  return WORDS.test(bare) || PRICE.test(bare);
}

const WORDS = /[\p{L}'’]{2,}[,;:]?\s+[\p{L}'’]{2,}|[\u3001\u3002\uff0c\uff01\uff1f\uff1b]/u;

/** `5 and 6`, of `$5 and 6$`. */
const PRICE = /^\d[\d.,]*\s+\p{L}{2,}\s+[\p{L}\d]/u;

/** Dollar signs in `US$5`, `a$b` and `$$$` open no formula. `before` is the character before the sign. */
export function mayOpen(before: string): boolean {
  return !/[A-Za-z0-9$]/.test(before);
}

/** `$n$th` and `$x$s` may follow a formula, but not `$5-$10` or `$HOME/$USER`. */
export const SUFFIX = /^(?:(?:st|nd|rd|th|ths|s)(?![A-Za-z0-9$])|(?![A-Za-z0-9$]))/;

/** Offset from which signs are text, because there are too many before it. */
export function signsEnd(text: string): number {
  let count = 0;
  for (const { index } of text.matchAll(/\$|\\[([]/g)) if (++count > MAX_SIGNS) return index;
  return text.length;
}

/** True if a `$` in the text may still become the start of a formula when more text follows. */
export function hasOpenDollar(text: string): boolean {
  for (const { index } of text.matchAll(/\$/g)) {
    const content = text.slice(index + 1);
    if (!mayOpen(text.charAt(index - 1)) || /^\s/.test(content)) continue;
    if (content.length <= MAX_INLINE_CHARACTERS && !isProse(content)) return true;
  }
  return false;
}

const TOKENS = /\\[([]|\\[\s\S]|`+|\$+/g;

/** A line at which a paragraph ends. */
const BOUNDARY = /\n[ \t]*(?:\n|(?:[-*+]|\d{1,9}[.)])[ \t]|\|)/;
const BLANK_LINE = /\n[ \t]*\n/;

interface Found {
  readonly closed: readonly { readonly start: number; readonly end: number }[];
  /** Offset of a formula that more text may close. */
  readonly open: number | undefined;
}

/** Finds the formulas of a text that is still being written. The parser decides again, when they are closed. */
export function findFormulas(text: string): Found {
  const closed: { start: number; end: number }[] = [];
  TOKENS.lastIndex = 0;
  for (let found = TOKENS.exec(text); found; found = TOKENS.exec(text)) {
    const [sign] = found;
    const start = found.index;
    if (sign.startsWith("`")) {
      const end = endOfCode(text, TOKENS.lastIndex, sign);
      if (end < 0) break;
      TOKENS.lastIndex = end;
    }
    if (!(sign in CLOSINGS)) continue;
    const opening = sign as Opening;
    const from = TOKENS.lastIndex;
    if (opening.startsWith("$") && !mayOpen(text.charAt(start - 1))) continue;
    if (opening === "$" && /\s/.test(text.charAt(from))) continue;
    const end = endOf(text, from, opening);
    if (end === undefined) {
      if (mayBeOpen(text, start, opening)) return { closed, open: start };
    } else if (end >= 0 && isFormula(text.slice(from, end), opening, isBlockStart(text, start))) {
      TOKENS.lastIndex = end + CLOSINGS[opening].length;
      // A digit may follow, so that this was a price.
      if (opening === "$" && TOKENS.lastIndex === text.length) return { closed, open: start };
      closed.push({ start, end: TOKENS.lastIndex });
    }
  }
  return { closed, open: undefined };
}

function endOfCode(text: string, from: number, run: string): number {
  const end = new RegExp(`(?<!\`)${run}(?!\`)`, "g");
  end.lastIndex = from;
  return end.exec(text) ? end.lastIndex : -1;
}

/** Offset of the closing delimiter; -1 if there is none that fits, undefined if there is none yet. */
function endOf(text: string, from: number, opening: Opening): number | undefined {
  for (const { 0: sign, index } of text.slice(from).matchAll(/\\[\s\S]|\$+/g)) {
    const at = from + index;
    if (opening === "$" && sign.startsWith("$")) {
      const isClosing = sign === "$" && !/\s/.test(text.charAt(at - 1)) && SUFFIX.test(text.slice(at + 1, at + 5));
      return isClosing ? at : -1;
    }
    if (sign === CLOSINGS[opening]) return at;
  }
  return undefined;
}

function mayBeOpen(text: string, start: number, opening: Opening): boolean {
  const content = text.slice(start + opening.length);
  const isBlock = isDisplay(opening) && isBlockStart(text, start);
  if (content.length > (isDisplay(opening) ? MAX_DISPLAY_CHARACTERS : MAX_INLINE_CHARACTERS)) return false;
  if ((isBlock ? BLANK_LINE : BOUNDARY).test(content)) return false;
  if (isDisplay(opening)) return true;
  // Most numbers are prices, until a sign says otherwise.
  if (opening === "$" && /^\d[^\\^_={]*$/.test(content)) return false;
  return !isProse(content);
}

/** True if nothing but markers of quotes and items precedes it on its line. */
function isBlockStart(text: string, start: number): boolean {
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  return /^(?:[ \t]|>|[-*+][ \t]|\d{1,9}[.)][ \t])*$/.test(line);
}
