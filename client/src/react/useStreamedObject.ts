/** Streams an object while it is being generated. Shared by the bindings. */

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { ActiveStreams } from "../core/subscription/activeStreams.ts";
import { refused } from "../core/subscription/refusal.ts";
import type { Revisioned, StreamedObject, StreamFailure } from "../core/subscription/revisions.ts";
import { useLatestVersion } from "./useLatestVersion.ts";

export interface StreamedObjectOptions {
  /** The version in the GraphQL library's own cache, if it has one. */
  cached?: Partial<Revisioned> | undefined;
  /** Shows the object, and does not subscribe. */
  skip?: boolean | undefined;
}

const nothing = () => () => {};

/** Returns `null` or `undefined` as it is. */
export function useStreamedObject<Shown extends StreamedObject>(
  { versions, subscriptions }: ActiveStreams,
  object: Shown | null | undefined,
  { cached, skip = false }: StreamedObjectOptions = {},
): Shown | null | undefined {
  const id = object?.id;
  const subscribe = useCallback(
    (listener: () => void) => (id === undefined ? nothing() : versions.subscribe(id, listener)),
    [versions, id],
  );
  const streamed = useSyncExternalStore(
    subscribe,
    () => (id === undefined ? undefined : versions.get(id)),
    () => undefined,
  );
  const latest = useLatestVersion(object, streamed, cached);
  const [refusal, setRefusal] = useState<{ at: Revisioned; failure: StreamFailure }>();
  const isRefused = latest && refusal?.at.id === latest.id && refusal.at.revision === latest.revision;
  const isStreaming = latest?.streaming && !isRefused && !skip;

  const atRefusal = useRef(latest);
  atRefusal.current = latest; // written during render: an effect would run for every frame
  useEffect(() => {
    if (!isStreaming || id === undefined) return;
    return subscriptions.subscribe(id, (failure) => {
      if (atRefusal.current) setRefusal({ at: atRefusal.current, failure });
    });
  }, [subscriptions, id, isStreaming]);

  return useMemo(
    () => (latest && isRefused && refusal ? refused(latest, refusal.failure) : latest),
    [latest, isRefused, refusal],
  );
}
