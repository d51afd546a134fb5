/** Follows a message while it is being written, the same for every binding. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Newest } from "../core/newest.ts";
import type { Followable, Revised } from "../core/revisions.ts";
import type { Shared } from "../core/shared.ts";
import { useNewest } from "./useNewest.ts";

/** What the components that follow a message share. */
export interface Following {
  readonly versions: Newest<Followable>;
  /** Frames go to `versions`; what is heard here is that the server refuses any. */
  readonly streams: Shared<Error>;
}

/** `cached` is what the library's own cache knows of the message. */
export function useFollowing<Message extends Followable>(
  { versions, streams }: Following,
  message: Message,
  cached?: Partial<Revised>,
): Message {
  const { id } = message;
  const subscribe = useCallback((listener: () => void) => versions.subscribe(id, listener), [versions, id]);
  const heard = useSyncExternalStore(
    subscribe,
    () => versions.get(id),
    () => undefined,
  );
  const newest = useNewest(message, heard, cached);
  const [refused, setRefused] = useState<Revised>();
  const isRefused = refused?.id === newest.id && refused.revision === newest.revision;
  const isFollowing = newest.streaming && !isRefused;

  const latest = useRef(newest);
  latest.current = newest; // in an effect, it would be one for each frame
  useEffect(() => {
    // Deleted, or no longer ours to see: sync will take it off the page, and until then nothing pretends to be written.
    if (isFollowing) return streams.follow(id, () => setRefused(latest.current));
  }, [streams, id, isFollowing]);

  return isRefused ? { ...newest, streaming: false } : newest;
}
