/** Marks a chat as read while its page is visible. */

import { useEffect, useRef } from "react";
import { MarkReadDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useIsVisible } from "../ui/useIsVisible.ts";
import { useTurns } from "./turns.ts";

/** `onUnread` is called if a message of somebody else arrives while the page is hidden. */
export function useMarkRead(chatId: string, viewerId: string, onUnread: () => void): void {
  const { client } = useSession();
  const isVisible = useIsVisible();
  const newest = useTurns(chatId).findLast(({ streaming, author }) => !streaming && author !== viewerId)?.id;
  const marked = useRef<string>(undefined);
  useEffect(() => {
    if (newest === undefined || newest === marked.current) return;
    if (!isVisible) return onUnread();
    marked.current = newest;
    const input = { chatId, messageId: newest };
    client.mutate({ mutation: MarkReadDocument, variables: { input } }).catch(() => {
      marked.current = undefined; // the next message, or the next visit, marks it
    });
  }, [client, chatId, newest, isVisible, onUnread]);
}
