/** Of all versions of a message that a component has seen, the one with the greatest revision. */

import { useMemo, useRef } from "react";
import { isNews, type Revised } from "../core/revisions.ts";

export function useNewest<Message extends Revised>(
  message: Message,
  ...heard: readonly (Partial<Revised> | undefined)[]
): Message {
  // A ref written while rendering is safe here: it only rises, and a discarded render has still seen what it saw.
  const newest = useRef<Revised>(message);
  for (const candidate of [message, ...heard]) {
    if (isRevised(candidate) && isNews(candidate, newest.current)) newest.current = candidate;
  }
  const best = newest.current;
  return useMemo(() => ({ ...message, ...best }), [message, best]);
}

function isRevised(candidate: Partial<Revised> | undefined): candidate is Revised {
  return candidate?.id !== undefined && candidate.revision !== undefined;
}
