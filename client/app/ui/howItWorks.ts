/** Whether the panel "How this works" is open. Several buttons open it. */

import { useSyncExternalStore } from "react";

let isShown = false;
const listeners = new Set<() => void>();

export function showHowItWorks(shown: boolean): void {
  isShown = shown;
  for (const listener of listeners) listener();
}

export function useShowsHowItWorks(): boolean {
  return useSyncExternalStore(subscribe, () => isShown);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
