/** How far each chat was read in this browser: what has moved since is marked. */

import { useCallback, useSyncExternalStore } from "react";

const KEY = "twotrack.seen";

type Seen = Readonly<Record<string, number>>;

const listeners = new Set<() => void>();
let seen: Seen = read();

addEventListener("storage", ({ key }) => {
  if (key !== KEY) return;
  seen = read();
  for (const listener of listeners) listener();
});

export function useSeen(): { seen: Seen; markSeen: (chatId: string, revision: number) => void } {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => seen,
  );
  const markSeen = useCallback((chatId: string, revision: number) => {
    if ((seen[chatId] ?? 0) >= revision) return;
    seen = { ...seen, [chatId]: revision };
    localStorage.setItem(KEY, JSON.stringify(seen));
    for (const listener of listeners) listener();
  }, []);
  return { seen: current, markSeen };
}

function read(): Seen {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}
