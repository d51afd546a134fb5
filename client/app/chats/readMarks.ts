/** How far the user has read each chat in this browser. Shared by all tabs, and kept over a reload. */

import { useCallback, useSyncExternalStore } from "react";
import { browserStorage } from "../session/safeStorage.ts";

/** How far a chat was read when its page was last visible. */
export interface ReadMark {
  /** Revision of the chat. */
  readonly revision: number;
  /** When the newest finished message was created. */
  readonly at: string;
  /** ID of a reply that was still streaming. */
  readonly awaited?: string | undefined;
}

export interface ReadMarks {
  /**
   * When the newest chat was last active on the first visit with this browser. A chat that was never opened here is
   * unread only if it was active later.
   */
  readonly since?: string | undefined;
  readonly chats: Readonly<Record<string, ReadMark>>;
}

export type UpdateReadMarks = (change: (before: ReadMarks) => ReadMarks) => void;

const NONE: ReadMarks = { chats: {} };

const listeners = new Set<() => void>();
const cache = new Map<string, ReadMarks>();

addEventListener("storage", ({ key }) => {
  if (key === null) cache.clear();
  else cache.delete(key);
  notify();
});

export function useReadMarks(user: string | undefined): [ReadMarks, UpdateReadMarks] {
  const key = `twotrack.read.${user}`;
  const marks = useSyncExternalStore(subscribe, () => read(key));
  const update = useCallback<UpdateReadMarks>((change) => write(key, change), [key]);
  return [marks, update];
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(key: string): ReadMarks {
  const marks = cache.get(key) ?? load(key);
  cache.set(key, marks);
  return marks;
}

/** Changes what is stored, not what is cached: another tab may have written since. */
function write(key: string, change: (before: ReadMarks) => ReadMarks): void {
  const before = load(key);
  const after = change(before);
  if (after === before) return;
  browserStorage.set(key, JSON.stringify(after));
  cache.set(key, after);
  notify();
}

function load(key: string): ReadMarks {
  try {
    return { ...NONE, ...JSON.parse(browserStorage.get(key) ?? "{}") };
  } catch {
    return NONE;
  }
}

function notify(): void {
  for (const listener of listeners) listener();
}
