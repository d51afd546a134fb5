/** Follows a chat, or the viewer's list of chats, and refetches the page when it is behind. */

import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { SyncDocument } from "../core/documents.ts";
import { refused, type SyncEvent } from "../core/pageSync.ts";
import { Shared } from "../core/shared.ts";
import { type ShownRevision, usePageSync } from "../react/usePageSync.ts";
import type { TwotrackClient } from "./client.ts";

/**
 * `revision` is the one that the page's own fetch returned beside its rows: `data.chat.messages.revision`,
 * `data.viewer.chats.revision`. Not `data.chat.revision`, which any other answer may raise in a normalized cache.
 */
export function useSync(id: string | null | undefined, revision: ShownRevision, refetch: () => unknown): void {
  const client = useApolloClient();
  usePageSync(trackOf(client), id, revision, refetch, (client as TwotrackClient).connection);
}

const tracks = new WeakMap<ApolloClient, Shared<SyncEvent>>();

function trackOf(client: ApolloClient): Shared<SyncEvent> {
  const track = tracks.get(client) ?? new Shared<SyncEvent>((id, hear) => follow(client, id, hear));
  tracks.set(client, track);
  return track;
}

function follow(client: ApolloClient, id: string, hear: (event: SyncEvent) => void): () => void {
  const events = client
    .subscribe({ query: SyncDocument, variables: { ids: [id] }, fetchPolicy: "no-cache" })
    .subscribe(({ data }) => hear(data?.sync ?? refused(id)));
  return () => events.unsubscribe();
}
