/** Refetches a page when the server has a newer revision of its object, such as a chat or the viewer's list of chats. */

import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { SyncDocument } from "../../core/documents.ts";
import { SharedSubscriptions } from "../../core/subscription/sharedSubscriptions.ts";
import { inaccessible, type SyncEvent } from "../../core/sync/pageSync.ts";
import { type ShownRevision, usePageSync } from "../../react/usePageSync.ts";
import { connectionOf } from "../link.ts";

export interface UseSyncOptions {
  /** Default: the client of the `ApolloProvider`. */
  client?: ApolloClient;
  /** Ignores the page's events. */
  skip?: boolean;
}

/**
 * `revision` is the one that the page's own query returned beside its rows: `data.chat.messages.revision` or
 * `data.viewer.chats.revision`. Not `data.chat.revision`: in a normalized cache, any response may raise it.
 */
export function useSync(
  id: string | null | undefined,
  revision: ShownRevision,
  refetch: () => unknown,
  options: UseSyncOptions = {},
): void {
  const client = useApolloClient(options.client);
  usePageSync(eventsOf(client), !options.skip && id, revision, refetch, connectionOf(client));
}

const eventsOfClients = new WeakMap<ApolloClient, SharedSubscriptions<SyncEvent>>();

function eventsOf(client: ApolloClient): SharedSubscriptions<SyncEvent> {
  const events =
    eventsOfClients.get(client) ??
    new SharedSubscriptions<SyncEvent>((id, listener) => subscribe(client, id, listener));
  eventsOfClients.set(client, events);
  return events;
}

function subscribe(client: ApolloClient, id: string, listener: (event: SyncEvent) => void): () => void {
  const events = client
    .subscribe({ query: SyncDocument, variables: { ids: [id] }, fetchPolicy: "no-cache" })
    .subscribe(({ data }) => listener(data?.sync ?? inaccessible(id)));
  return () => events.unsubscribe();
}
