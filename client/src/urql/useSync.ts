/** Follows a chat, or the viewer's list of chats, and refetches the page when it is behind. */

import type { Client } from "@urql/core";
import { useClient } from "urql";
import { SyncDocument } from "../core/documents.ts";
import { refused, type SyncEvent } from "../core/pageSync.ts";
import { Shared } from "../core/shared.ts";
import { type ShownRevision, usePageSync } from "../react/usePageSync.ts";
import type { TwotrackClient } from "./client.ts";

/**
 * `revision` is the one that the page's own fetch returned beside its rows: `data.chat.messages.revision`,
 * `data.viewer.chats.revision`.
 */
export function useSync(id: string | null | undefined, revision: ShownRevision, refetch: () => unknown): void {
  const client = useClient();
  usePageSync(trackOf(client), id, revision, refetch, (client as TwotrackClient).connection);
}

const tracks = new WeakMap<Client, Shared<SyncEvent>>();

function trackOf(client: Client): Shared<SyncEvent> {
  const track = tracks.get(client) ?? new Shared<SyncEvent>((id, hear) => follow(client, id, hear));
  tracks.set(client, track);
  return track;
}

function follow(client: Client, id: string, hear: (event: SyncEvent) => void): () => void {
  const events = client.subscription(SyncDocument, { ids: [id] }).subscribe(({ data, error }) => {
    if (error) hear(refused(id));
    else if (data) hear(data.sync);
  });
  return () => events.unsubscribe();
}
