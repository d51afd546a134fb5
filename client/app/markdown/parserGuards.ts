/**
 * A parser takes seconds for what nobody reads: a thousand quotations within each other, thousands of stars, or of
 * brackets, of which none finds its other end. A model that has lost its way writes such things, and each of a chat's readers would have to wait.
 * So the characters in question are hidden from the parser, one for one, and are text afterwards.
 */

const MOST_NESTED = 30; // lists and quotations within each other, in one line
const MOST_MARKS = 1_000; // in one paragraph; the time that they take grows with the square

const NESTED = new RegExp(`^(?:[ \\t]*(?:>|(?:[-*+]|\\d{1,9}[.)])(?=[ \\t]))){${MOST_NESTED},}.*`, "gm");
const MARKS = /[*_~[\]]/g;

/** Where something other than more of a paragraph may begin. */
const BEGINNINGS = /(?=\n[ \t]*(?:\n|[-*+][ \t]|\d{1,9}[.)][ \t]|[>|#]))/;

/** No text has them: Unicode keeps them for a program's own use. */
const HIDING_FROM = 0xfdd0;
const HIDDEN = /[\ufdd0-\ufdd9]/g;
const HIDEABLE = "-*+>.)_~[]";

export function tamed(source: string): string {
  const shallow = source.replace(NESTED, (line) => hide(line, /[-*+>.)]/g));
  if (count(shallow) <= MOST_MARKS) return shallow;
  return shallow
    .split(BEGINNINGS)
    .map((part) => (count(part) > MOST_MARKS ? hide(part, MARKS) : part))
    .join("");
}

/** What was parsed, with all that was hidden. */
export function untamed<Value>(value: Value): Value {
  if (typeof value === "string") return shown(value) as Value;
  if (Array.isArray(value)) return value.map(untamed) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, untamed(inner)])) as Value;
}

function count(text: string): number {
  return text.match(MARKS)?.length ?? 0;
}

function hide(text: string, characters: RegExp): string {
  return text.replace(characters, (character) => String.fromCharCode(HIDING_FROM + HIDEABLE.indexOf(character)));
}

function shown(text: string): string {
  return text.replace(HIDDEN, (character) => HIDEABLE[character.charCodeAt(0) - HIDING_FROM] ?? character);
}
