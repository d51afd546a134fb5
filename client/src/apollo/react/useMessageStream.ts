/** Streams a message while it is being generated. */

import type { LiveMessageFragment } from "../../core/documents.ts";
import { messageStream } from "../../core/subscription/messageStream.ts";
import type { LiveOf, StreamedObject } from "../../core/subscription/revisions.ts";
import { type UseStreamOptions, useStream } from "./useStream.ts";

/** Render the returned message, not the given one. See `useStream`. */
export function useMessageStream<Shown extends StreamedObject | null | undefined, Live = LiveMessageFragment>(
  message: Shown,
  options: UseStreamOptions<Live> = {},
): LiveOf<Shown, Live> {
  return useStream(messageStream, message, options);
}
