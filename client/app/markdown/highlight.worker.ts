/** The worker that colours code: a thousand lines take it longer than the page may stand still. */

import { colours } from "./highlight.ts";
import type { Order } from "./highlighting.ts";

addEventListener("message", ({ data: { number, parts, language } }: MessageEvent<Order>) => {
  postMessage({ number, tokens: colours(parts, language) });
});
