/** Reads and changes the page's address, without loading the page again. */

import { type MouseEvent, useSyncExternalStore } from "react";
import { chatIdFromPath, pathTo } from "./paths.ts";

const listeners = new Set<() => void>();

addEventListener("popstate", notify);

function notify(): void {
  for (const listener of listeners) listener();
}

/** ID of the open chat; undefined on the start page. */
export function useChatId(): string | undefined {
  const path = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => location.pathname,
  );
  return chatIdFromPath(path);
}

/** Opens a chat, or the start page if no ID is given. */
export function navigate(chatId?: string): void {
  if (location.pathname === pathTo(chatId)) return;
  history.pushState(null, "", pathTo(chatId));
  notify();
}

/** Returns an `onClick` handler for a link. Clicks that open a new tab or window are left to the browser. */
export function onLinkClick(chatId?: string) {
  return (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    navigate(chatId);
  };
}
