/** Worker for syntax highlighting, which would block the page: a thousand lines take longer than a frame. */

import { highlight } from "./highlight.ts";
import type { HighlightRequest } from "./highlighting.ts";

addEventListener("message", ({ data: { id, chunks, language, from } }: MessageEvent<HighlightRequest>) => {
  postMessage({ id, tokens: highlight(chunks, language)?.slice(from) });
});
