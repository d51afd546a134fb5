/** Streams an object while it is being generated. Shared by the bindings. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Connection } from "../core/connection.ts";
import type { StreamedType } from "../core/subscription/defineStream.ts";
import type { LatestVersions } from "../core/subscription/latestVersions.ts";
import type { Revisioned, StreamedObject } from "../core/subscription/revisions.ts";
import type { SharedSubscriptions } from "../core/subscription/sharedSubscriptions.ts";
import { useLatestVersion } from "./useLatestVersion.ts";

/** The streams of one definition in one client, shared by all components. */
export interface ActiveStreams {
  readonly versions: LatestVersions<StreamedObject>;
  /** Frames go to `versions`. The event here is the error with which the server refused the stream. */
  readonly subscriptions: SharedSubscriptions<Error>;
}

/** `cached` is the version in the GraphQL library's own cache, if it has one. */
export function useStreamedObject<Shown extends StreamedObject>(
  { versions, subscriptions }: ActiveStreams,
  object: Shown,
  cached?: Partial<Revisioned>,
): Shown {
  const { id } = object;
  const subscribe = useCallback((listener: () => void) => versions.subscribe(id, listener), [versions, id]);
  const streamed = useSyncExternalStore(
    subscribe,
    () => versions.get(id),
    () => undefined,
  );
  const latest = useLatestVersion(object, streamed, cached);
  const [refused, setRefused] = useState<Revisioned>();
  const isRefused = refused?.id === latest.id && refused.revision === latest.revision;
  const isStreaming = latest.streaming && !isRefused;

  const atRefusal = useRef(latest);
  atRefusal.current = latest; // written during render: an effect would run for every frame
  useEffect(() => {
    // Refused means deleted, or no longer accessible. Sync removes the object from the page; until then it must not
    // look as if it were being generated.
    if (isStreaming) return subscriptions.subscribe(id, () => setRefused(atRefusal.current));
  }, [subscriptions, id, isStreaming]);

  return isRefused ? { ...latest, streaming: false } : latest;
}

/** Throws if the client does not know the stream: its cache would accept old text, and HTTP could not poll. */
export function assertKnown({ type, field }: StreamedType, connection: Connection | undefined): void {
  if (connection === undefined || connection.streams.some((stream) => stream.field === field)) return;
  throw new TypeError(
    `The client does not know the stream of ${type}. Pass its definition: createTwotrackClient({ streams: […] }).`,
  );
}
