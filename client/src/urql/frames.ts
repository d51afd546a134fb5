/**
 * Keeps frames out of urql's cache: graphcache would write each one, and render every page that shows the object.
 *
 * A stream's operation passes through all exchanges, so that they see its start, its errors and its end. But the last
 * exchange gives its frames to the stream. The cache gets the final one, or the newest one when its last component is
 * unmounted.
 */

import type { Operation, OperationContext } from "@urql/core";
import type { Result } from "../core/transport/transport.ts";

interface Frames {
  /** Returns true if it has taken the result, which then goes no further. */
  take?(result: Result): boolean;
  /** The only result, instead of what the server would send. */
  result?: Result;
}

const framesOfOperations = "twotrackFrames";

export function withFrames(frames: Frames): Partial<OperationContext> {
  return { [framesOfOperations]: frames };
}

export function framesOf({ context }: Operation): Frames {
  return (context[framesOfOperations] as Frames | undefined) ?? {};
}
