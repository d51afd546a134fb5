/** Follows a chat, or the viewer's list of chats, and refetches the page when it is behind. */

import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { SyncDocument } from "../core/documents.ts";
import { SyncTrack } from "../core/syncTrack.ts";
import { type ShownRevision, usePageSync } from "../react/usePageSync.ts";

/**
 * `revision` is the one that the page's own fetch returned beside its rows: `data.chat.messages.revision`,
 * `data.viewer.chats.revision`. Not `data.chat.revision`, which any other answer may raise in a normalized cache.
 */
export function useSync(id: string | null | undefined, revision: ShownRevision, refetch: () => unknown): void {
  usePageSync(trackOf(useApolloClient()), id, revision, refetch);
}

const tracks = new WeakMap<ApolloClient, SyncTrack>();

function trackOf(client: ApolloClient): SyncTrack {
  let track = tracks.get(client);
  if (track === undefined) {
    track = new SyncTrack((id, hear) => {
      const events = client.subscribe({ query: SyncDocument, variables: { ids: [id] }, fetchPolicy: "no-cache" });
      const subscription = events.subscribe(({ data }) => data && hear(data.sync));
      return () => subscription.unsubscribe();
    });
    tracks.set(client, track);
  }
  return track;
}
