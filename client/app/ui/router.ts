/** Where the page is, and how it goes elsewhere. */

import { type MouseEvent, useSyncExternalStore } from "react";
import { chatIdIn, pathOf } from "./paths.ts";

const listeners = new Set<() => void>();

addEventListener("popstate", announce);

function announce(): void {
  for (const listener of listeners) listener();
}

/** The chat whose page this is; undefined on the first page. */
export function useChatId(): string | undefined {
  const path = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => location.pathname,
  );
  return chatIdIn(path);
}

export function goTo(chatId?: string): void {
  if (location.pathname === pathOf(chatId)) return;
  history.pushState(null, "", pathOf(chatId));
  announce();
}

/** For a link's `onClick`: stays in the page, unless the reader wants another tab. */
export function followingLink(chatId?: string) {
  return (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    goTo(chatId);
  };
}
