/** Reads and changes the page's address, without loading the page again. */

import { createIdempotencyKey } from "@twotrack/client";
import { type MouseEvent, useSyncExternalStore } from "react";
import { type ChatLink, chatIdFromPath, isKnownPath, linkFromAddress, messageIdFrom, pathTo } from "./paths.ts";

const listeners = new Set<() => void>();

if (keyOfEntry() === undefined) history.replaceState(newEntry(), "", location.href);
addEventListener("popstate", notify);
// Another link was entered in the address of a page that has shown one: the page begins anew with its token.
addEventListener("hashchange", () => currentLink() && location.reload());

function notify(): void {
  for (const listener of listeners) listener();
}

/** Distinguishes the entries of the browser's history: the same chat may be in several. */
interface Entry {
  readonly key: string;
}

function newEntry(): Entry {
  return { key: createIdempotencyKey() };
}

function keyOfEntry(): string | undefined {
  return (history.state as Entry | null)?.key;
}

/** Identifies the entry of the browser's history that is shown. "Back" to an entry brings back its key. */
export function useHistoryKey(): string {
  return useAddress(() => keyOfEntry() ?? "");
}

/** Returns what an address stands for, and again when the address has changed. */
function useAddress<Value extends string | boolean>(read: () => Value): Value {
  return useSyncExternalStore(subscribe, read);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** ID of the open chat; undefined on the start page. */
export function useChatId(): string | undefined {
  return chatIdFromPath(useAddress(() => location.pathname));
}

/** False at an address that leads to no page. */
export function useIsKnownPath(): boolean {
  return useAddress(() => isKnownPath(location.pathname));
}

/** The link in the address of this page; undefined on all other pages. */
export function currentLink(): ChatLink | undefined {
  return linkFromAddress(location);
}

/** True at the address of a link, until `leaveLink` opens the chat. */
export function useIsAtLink(): boolean {
  return useAddress(() => currentLink() !== undefined);
}

/** Opens the chat to which a link leads. The link leaves the browser's history, so that "back" does return to it. */
export function leaveLink(chatId: string): void {
  history.replaceState(newEntry(), "", pathTo(chatId));
  notify();
}

/** Opens a chat, or the start page if no ID is given. */
export function navigate(chatId?: string): void {
  if (location.pathname === pathTo(chatId)) return;
  history.pushState(newEntry(), "", pathTo(chatId));
  notify();
}

/** Opens a chat at a message. */
export function openMessage(chatId: string, messageId: string): void {
  history.pushState(newEntry(), "", `${pathTo(chatId)}#${encodeURIComponent(messageId)}`);
  notify();
}

/** ID of the message at which the chat is to be opened; undefined once it is shown (`forgetMessage`). */
export function useMessageId(): string | undefined {
  return messageIdFrom(useAddress(() => location.hash));
}

/** So that the same message can be opened again. */
export function forgetMessage(): void {
  history.replaceState(history.state, "", location.pathname);
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
