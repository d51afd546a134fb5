/** Tells how far a chat is being read: as long as its page is in front of somebody. */

import { useFragment } from "@apollo/client/react";
import { useEffect, useSyncExternalStore } from "react";
import { type GlanceFragment, GlanceFragmentDoc } from "../documents.ts";
import type { ChatOnPage } from "./useChat.ts";

export type OnLook = (chatId: string, revision: number, messages: readonly GlanceFragment[]) => void;

export function useLooking(chat: ChatOnPage | null | undefined, onLook: OnLook): void {
  const isVisible = useSyncExternalStore(onVisibility, () => document.visibilityState === "visible");
  const [before, last] = chat?.messages.edges.slice(-2).map(({ node }) => node) ?? [];
  const newest = useGlance(last ?? before);
  const revision = chat?.messages.revision;
  useEffect(() => {
    if (!isVisible || !chat || revision === undefined) return;
    const messages = [last && before, newest].filter((message) => message !== undefined);
    onLook(chat.id, revision, messages);
  }, [isVisible, chat, revision, last, before, newest, onLook]);
}

/** A page's own rows stand still while they are being written; this one tells when its message is finished. */
function useGlance(message: GlanceFragment | undefined): GlanceFragment | undefined {
  const { data, complete } = useFragment({
    fragment: GlanceFragmentDoc,
    from: message ? { __typename: "Message", id: message.id } : null,
  });
  return complete ? (data as GlanceFragment) : message;
}

function onVisibility(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}
