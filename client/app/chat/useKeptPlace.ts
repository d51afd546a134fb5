/** Shows a chat where the user was reading, when "Back" or a reload leads to it again. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useHistoryKey, useMessageId } from "../ui/router.ts";
import { keepPlace, placeOf } from "./places.ts";
import type { ScrollAnchor } from "./useScrollAnchor.ts";
import { whenShown } from "./whenShown.ts";

type Anchor = Pick<ScrollAnchor, "content" | "place" | "scrollTo">;

export function useKeptPlace(
  { content, place, scrollTo }: Anchor,
  isPainted: boolean,
  loadUntil: (messageId: string) => Promise<void>,
): void {
  const entry = useHistoryKey();
  const isOpenedAtMessage = useMessageId() !== undefined;
  const load = useRef(loadUntil);
  useEffect(() => {
    load.current = loadUntil;
  });

  // A layout effect: before the end of the chat is painted, and before the rows are gone.
  useLayoutEffect(() => {
    if (!isPainted) return;
    const kept = isOpenedAtMessage ? undefined : placeOf(entry);
    let isShown = kept === undefined;
    const keep = () => isShown && keepPlace(entry, place());
    const cancel =
      kept &&
      whenShown(content.current, kept.messageId, load.current, (message) => {
        isShown = true;
        if (message) scrollTo(message, kept.top);
      });
    addEventListener("pagehide", keep);
    return () => {
      removeEventListener("pagehide", keep);
      cancel?.();
      keep();
    };
  }, [entry, isPainted, isOpenedAtMessage, content, place, scrollTo]);
}

/** True if the chat is shown where the user was reading, and not at its end. */
export function useHasKeptPlace(): boolean {
  const entry = useHistoryKey();
  const [hasPlace] = useState(() => placeOf(entry) !== undefined);
  return hasPlace;
}
