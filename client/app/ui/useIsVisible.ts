/** Whether this tab is in front. */

import { useSyncExternalStore } from "react";

export function useIsVisible(): boolean {
  return useSyncExternalStore(onChange, () => document.visibilityState === "visible");
}

function onChange(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}
