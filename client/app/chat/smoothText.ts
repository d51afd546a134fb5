/** Whether replies appear word by word, or as they arrive. The user of this browser decides. */

import { useSyncExternalStore } from "react";
import { browserStorage } from "../session/safeStorage.ts";

const KEY = "twotrack.smooth";

const listeners = new Set<() => void>();

export function setSmooth(isSmooth: boolean): void {
  browserStorage.set(KEY, isSmooth ? null : "off");
  for (const listener of listeners) listener();
}

export function useIsSmooth(): boolean {
  return useSyncExternalStore(subscribe, isSmooth);
}

function isSmooth(): boolean {
  return browserStorage.get(KEY) === null;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
