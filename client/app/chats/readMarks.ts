/** How far each chat was read in this browser, by this user. All tabs know, and it survives a reload. */

import { useCallback, useSyncExternalStore } from "react";
import { kept } from "../session/safeStorage.ts";

export interface Looked {
  /** The chat's, when its page was last looked at. */
  readonly revision: number;
  /** When the newest finished message was made that was there. */
  readonly at: string;
  /** A reply that was still being written. */
  readonly awaited?: string | undefined;
}

export interface Seen {
  /** What was quiet before this browser first saw the list is no news on it. */
  readonly since?: string | undefined;
  readonly chats: Readonly<Record<string, Looked>>;
}

const NOTHING: Seen = { chats: {} };

const listeners = new Set<() => void>();
const known = new Map<string, Seen>();

addEventListener("storage", ({ key }) => {
  if (key === null) known.clear();
  else known.delete(key);
  announce();
});

export function useSeen(user: string | undefined) {
  const key = `twotrack.seen.${user}`;
  const seen = useSyncExternalStore(subscribe, () => read(key));
  const note = useCallback((change: (seen: Seen) => Seen) => write(key, change), [key]);
  return { seen, note };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(key: string): Seen {
  const seen = known.get(key) ?? stored(key);
  known.set(key, seen);
  return seen;
}

/** From what is stored, which another tab may have changed a moment ago. */
function write(key: string, change: (seen: Seen) => Seen): void {
  const before = stored(key);
  const seen = change(before);
  if (seen === before) return;
  kept.set(key, JSON.stringify(seen));
  known.set(key, seen);
  announce();
}

function stored(key: string): Seen {
  try {
    return { ...NOTHING, ...JSON.parse(kept.get(key) ?? "{}") };
  } catch {
    return NOTHING;
  }
}

function announce(): void {
  for (const listener of listeners) listener();
}
