/** True on a narrow screen, and where fingers point: there is no hovering, and no room for a row of small buttons. */

import { useSyncExternalStore } from "react";

const COMPACT = "(max-width: 48rem), (pointer: coarse)"; // as in touch.css

export function useIsCompact(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(COMPACT).matches);
}

function subscribe(onChange: () => void): () => void {
  const media = matchMedia(COMPACT);
  media.addEventListener("change", onChange);
  return () => media.removeEventListener("change", onChange);
}
