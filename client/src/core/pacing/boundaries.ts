/** Finds where a growing text may be cut so that no reader sees half a word. */

const MAX_WORD = 24; // characters: a longer word, such as a URL, is cut
const MAX_GRAPHEME = 64; // characters to look back for the start of a grapheme: the longest emoji sequence has 35

/**
 * The first boundary at or after `position`. The last word of the text may be incomplete: if it would be reached, returns
 * the boundary before it. `from` is an earlier boundary.
 */
export function boundaryAt(text: string, from: number, position: number): number {
  let at = from;
  while (at < position) {
    const end = wordEnd(text, at);
    if (end >= text.length) break;
    at = end;
  }
  return at;
}

/** The end of the word after `from`, with the white space before it. */
export function wordEnd(text: string, from: number): number {
  let at = skipSpace(text, from);
  // Markers at the start of a line decide what the line is: a lone `-` below a paragraph would make it a heading.
  if (isLineStart(text, at)) {
    for (let end = at; end < text.length && isMarker(text, end); ) {
      end++;
      if (text[end] === " ") at = end = skipBlanks(text, end);
    }
  }
  const start = at;
  while (at < text.length && !isSpace(text, at) && at - start < MAX_WORD) {
    const isCut = isUnspaced(text, at);
    at += characterLength(text, at);
    if (isCut || isUnspaced(text, at)) break;
  }
  return graphemeEnd(text, at);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text, at)) at++;
  return at;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " ") at++;
  return at;
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function isLineStart(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === " ") start--;
  return start === 0 || text[start - 1] === "\n";
}

function isMarker(text: string, at: number): boolean {
  return "-*+#>|=_~`.)0123456789".includes(text[at] as string);
}

/** True for scripts that put no space between words, such as Chinese, Japanese and Thai. */
function isUnspaced(text: string, at: number): boolean {
  const code = text.codePointAt(at) ?? 0;
  return code >= 0x0e00 && UNSPACED.some(([first, last]) => code >= first && code <= last);
}

const UNSPACED: readonly (readonly [number, number])[] = [
  [0x0e00, 0x0eff], // Thai and Lao
  [0x1000, 0x109f], // Burmese
  [0x1780, 0x17ff], // Khmer
  [0x2e80, 0x9fff], // Chinese and Japanese
  [0xf900, 0xfaff], // Chinese, compatibility forms
  [0xff00, 0xffef], // full-width forms
  [0x20000, 0x3ffff], // Chinese, rare characters
];

function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** The end of the grapheme that this offset would cut; the offset itself if it cuts none. */
export function graphemeEnd(text: string, at: number): number {
  if (at >= text.length) return text.length;
  if (isLatin(text, at - 1) && isLatin(text, at)) return text[at] === "\n" && text[at - 1] === "\r" ? at + 1 : at;
  const segmenter = graphemes();
  if (segmenter === undefined) return isSpace(text, at) ? at : wholeWordEnd(text, at);
  let start = at;
  while (start > 0 && at - start < MAX_GRAPHEME && !isSpace(text, start)) start--;
  const found = segmenter.segment(text.slice(start, at + MAX_GRAPHEME)).containing(at - start);
  return found === undefined || start + found.index === at ? at : start + found.index + found.segment.length;
}

/** True for the characters below the first combining one, which are graphemes of their own. */
function isLatin(text: string, at: number): boolean {
  return text.charCodeAt(at) < 0x300;
}

/** Without `Intl.Segmenter`, as in React Native, only Chinese and Japanese are cut within a word. */
function wholeWordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isSpace(text, at) && !isIdeograph(text, at)) at++;
  return at;
}

function isIdeograph(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x3400 && code <= 0x9fff;
}

let segmenter: Intl.Segmenter | undefined;

function graphemes(): Intl.Segmenter | undefined {
  if (typeof Intl === "undefined" || !("Segmenter" in Intl)) return undefined;
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segmenter;
}
