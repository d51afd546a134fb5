/** Shows the message at which the chat was opened, for example by a search. Loads older messages until it is there. */

import { type RefObject, useEffect, useRef } from "react";
import { forgetMessage, useMessageId } from "../ui/router.ts";

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
    let isCancelled = false;
    const show = () => {
      const message = rows.current?.querySelector<HTMLElement>(`[data-message-id="${CSS.escape(messageId)}"]`);
      if (!message) return false;
      message.tabIndex = -1;
      message.focus({ preventScroll: true });
      message.dataset.found = "";
      scrollTo(message);
      forgetMessage();
      return true;
    };
    if (show()) return;
    // What was loaded is rendered a moment later. A message that was deleted meanwhile is never rendered.
    const rendered = new MutationObserver(() => show() && rendered.disconnect());
    if (rows.current) rendered.observe(rows.current, { childList: true, subtree: true });
    load.current(messageId).catch(() => !isCancelled && forgetMessage());
    return () => {
      isCancelled = true;
      rendered.disconnect();
    };
  }, [messageId, isPainted, rows, scrollTo]);
}
