/** Makes HTML and MathML of a formula. Runs in a worker (`typeset.worker.ts`). */

import katex from "katex";
import { texOf } from "./formulas.ts";

const MAX_HTML_CHARACTERS = 300_000;
const MAX_EXPANSIONS = 1_000;
const MAX_SIZE_EM = 50; // of what a formula itself gives a size

/** A definition can multiply its text a thousand times. */
const DEFINITION = /\\(?:[egx]?def|let|futurelet|global|(?:re)?newcommand|providecommand)(?![A-Za-z])/;

/** Links, images and HTML attributes. The formula is shown as it was written. */
function refuse(): never {
  throw new Error("A formula may not load or link anything.");
}

/** Undefined if the formula is invalid, or too large. */
export function typeset(source: string): string | undefined {
  const { tex, isDisplay } = texOf(source);
  if (DEFINITION.test(tex)) return undefined;
  try {
    const html = katex.renderToString(tex, {
      displayMode: isDisplay,
      output: "htmlAndMathml",
      throwOnError: true,
      strict: false,
      trust: refuse,
      maxExpand: MAX_EXPANSIONS,
      maxSize: MAX_SIZE_EM,
    });
    return html.length <= MAX_HTML_CHARACTERS ? html : undefined;
  } catch {
    return undefined;
  }
}
