/** Shows the message at which the chat was opened, for example by a search. Loads older messages until it is there. */

import { type RefObject, useEffect, useRef } from "react";
import { forgetMessage, useMessageId } from "../ui/router.ts";
import { whenShown } from "./whenShown.ts";

export function useOpenedMessage(
  rows: RefObject<HTMLElement | null>,
  isPainted: boolean,
  scrollTo: (element: HTMLElement) => void,
  loadUntil: (messageId: string) => Promise<void>,
): void {
  const messageId = useMessageId();
  const load = useRef(loadUntil);
  useEffect(() => {
    load.current = loadUntil;
  });

  useEffect(() => {
    if (messageId === undefined || !isPainted) return;
    return whenShown(rows.current, messageId, load.current, (message) => {
      if (message) {
        message.tabIndex = -1;
        message.focus({ preventScroll: true });
        message.dataset.found = "";
        scrollTo(message);
      }
      forgetMessage();
    });
  }, [messageId, isPainted, rows, scrollTo]);
}
