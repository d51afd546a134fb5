/** Marks a chat as read while its page is visible. */

import { useFragment } from "@apollo/client/react";
import { useEffect, useSyncExternalStore } from "react";
import { type LatestMessageFragment, LatestMessageFragmentDoc } from "../documents.ts";
import type { LoadedChat } from "./useChat.ts";

export type MarkRead = (chatId: string, revision: number, messages: readonly LatestMessageFragment[]) => void;

export function useMarkRead(chat: LoadedChat | null | undefined, markRead: MarkRead): void {
  const isVisible = useSyncExternalStore(onVisibilityChange, () => document.visibilityState === "visible");
  const [before, last] = chat?.messages.edges.slice(-2).map(({ node }) => node) ?? [];
  const newest = useCurrentVersion(last ?? before);
  const revision = chat?.messages.revision;
  useEffect(() => {
    if (!isVisible || !chat || revision === undefined) return;
    const messages = [last && before, newest].filter((message) => message !== undefined);
    markRead(chat.id, revision, messages);
  }, [isVisible, chat, revision, last, before, newest, markRead]);
}

/** The messages of a chat do not change while they stream (`@nonreactive`), so the end is read from the cache here. */
function useCurrentVersion(message: LatestMessageFragment | undefined): LatestMessageFragment | undefined {
  const { data, complete } = useFragment({
    fragment: LatestMessageFragmentDoc,
    from: message ? { __typename: "Message", id: message.id } : null,
  });
  return complete ? (data as LatestMessageFragment) : message;
}

function onVisibilityChange(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}
