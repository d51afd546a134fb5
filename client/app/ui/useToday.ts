/** The midnight at which today began. Renders again when the next day begins. */

import { useSyncExternalStore } from "react";
import { startOfDay } from "./dates.ts";

export function useToday(): number {
  return useSyncExternalStore(subscribe, () => startOfDay());
}

function subscribe(onNewDay: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const check = () => {
    clearTimeout(timer);
    timer = setTimeout(check, msToMidnight());
    onNewDay();
  };
  timer = setTimeout(check, msToMidnight());
  document.addEventListener("visibilitychange", check); // a device that slept has slept through the timer
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", check);
  };
}

function msToMidnight(now = new Date()): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime();
}
