/** Worker for formulas. A short one can take KaTeX seconds, which must not block the page. */

import { typeset } from "./typeset.ts";
import type { TypesetAnswer, TypesetRequest } from "./typesetting.ts";

addEventListener("message", ({ data }: MessageEvent<TypesetRequest>) => {
  for (const source of data) postMessage({ source, html: typeset(source) } satisfies TypesetAnswer);
});

postMessage(undefined); // ready
