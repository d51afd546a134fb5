/** Refetches a page when the server has a newer revision of its object, such as a chat or the viewer's list of chats. */

import type { Client } from "@urql/core";
import { SyncDocument } from "../../core/documents.ts";
import { SharedSubscriptions } from "../../core/subscription/sharedSubscriptions.ts";
import { inaccessible, type SyncEvent } from "../../core/sync/pageSync.ts";
import { type ShownRevision, usePageSync } from "../../react/usePageSync.ts";
import { connectionOf } from "../exchange.ts";
import { useGivenClient } from "./useGivenClient.ts";

export interface UseSyncOptions {
  /** Default: the client of the `Provider`. */
  client?: Client;
  /** Ignores the page's events. */
  skip?: boolean;
}

/**
 * `revision` is the one that the page's own query returned beside its rows: `data.chat.messages.revision` or
 * `data.viewer.chats.revision`.
 */
export function useSync(
  id: string | null | undefined,
  revision: ShownRevision,
  refetch: () => unknown,
  options: UseSyncOptions = {},
): void {
  const client = useGivenClient(options.client);
  usePageSync(eventsOf(client), !options.skip && id, revision, refetch, connectionOf(client));
}

const eventsOfClients = new WeakMap<Client, SharedSubscriptions<SyncEvent>>();

function eventsOf(client: Client): SharedSubscriptions<SyncEvent> {
  const events =
    eventsOfClients.get(client) ??
    new SharedSubscriptions<SyncEvent>((id, listener) => subscribe(client, id, listener));
  eventsOfClients.set(client, events);
  return events;
}

function subscribe(client: Client, id: string, listener: (event: SyncEvent) => void): () => void {
  const events = client.subscription(SyncDocument, { ids: [id] }).subscribe(({ data, error }) => {
    if (error) listener(inaccessible(id));
    else if (data) listener(data.sync);
  });
  return () => events.unsubscribe();
}
