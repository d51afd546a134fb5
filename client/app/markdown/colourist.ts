/** The worker that colours code: a thousand lines take it longer than the page may stand still. */

import type { Order } from "./colouring.ts";
import { colours } from "./colours.ts";

addEventListener("message", ({ data: { number, parts, language } }: MessageEvent<Order>) => {
  postMessage({ number, tokens: colours(parts, language) });
});
