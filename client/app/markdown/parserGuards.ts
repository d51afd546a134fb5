/**
 * Keeps the Markdown parser from blocking the page. It takes seconds for a thousand nested quotes, or thousands of stars
 * or brackets that are never closed. A model that runs away writes such text, and every reader's browser would parse it.
 * So those characters are masked before parsing, one for one, and restored as plain text afterwards.
 */

const MAX_NESTING = 30; // nested lists and quotes, in one line
const MAX_MARKERS = 1_000; // in one paragraph; the parser's time grows with their square

const DEEPLY_NESTED = new RegExp(`^(?:[ \\t]*(?:>|(?:[-*+]|\\d{1,9}[.)])(?=[ \\t]))){${MAX_NESTING},}.*`, "gm");
const MARKERS = /[*_~[\]]/g;

/** Where a paragraph may end and another block may start. */
const BLOCK_STARTS = /(?=\n[ \t]*(?:\n|[-*+][ \t]|\d{1,9}[.)][ \t]|[>|#]))/;

/** First of the code points that Unicode reserves for internal use, so no text contains them. */
const FIRST_MASK = 0xfdd0;
const MASKS = /[\ufdd0-\ufdd9]/g;
const MASKABLE = "-*+>.)_~[]";

/** Returns the source itself if the parser can handle it. */
export function mask(source: string): string {
  const shallow = source.replace(DEEPLY_NESTED, (line) => maskAll(line, /[-*+>.)]/g));
  if (countMarkers(shallow) <= MAX_MARKERS) return shallow;
  return shallow
    .split(BLOCK_STARTS)
    .map((block) => (countMarkers(block) > MAX_MARKERS ? maskAll(block, MARKERS) : block))
    .join("");
}

/** Restores the masked characters in all strings of a syntax tree. */
export function unmask<Value>(value: Value): Value {
  if (typeof value === "string") return unmaskText(value) as Value;
  if (Array.isArray(value)) return value.map(unmask) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unmask(inner)])) as Value;
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
