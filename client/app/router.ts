/** Where the page is: `/`, or a chat at `/c/<id>`. */

import { type MouseEvent, useSyncExternalStore } from "react";

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
  const id = /^\/c\/([^/]+)$/.exec(path)?.[1];
  return id && decodeURIComponent(id);
}

export function pathOf(chatId?: string): string {
  return chatId === undefined ? "/" : `/c/${encodeURIComponent(chatId)}`;
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
