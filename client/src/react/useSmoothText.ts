/** Makes streamed text flow: see `pacer`. */

import { useEffect, useState, useSyncExternalStore } from "react";
import { pacer } from "../core/pacing/pacer.ts";

/** The part of `text` to show now. Text that is there at first, or that replaces another one, is shown at once. */
export function useSmoothText(text: string, isStreaming: boolean): string {
  const [pace] = useState(() => pacer({ text }));
  const shown = useSyncExternalStore(pace.subscribe, pace.shown, () => text);
  useEffect(() => pace.update(text, isStreaming), [pace, text, isStreaming]);
  useEffect(() => pace.stop, [pace]);
  return text.startsWith(shown) ? shown : text;
}
