/**
 * Keeps the latest versions outside urql's caches: the document cache ignores frames, and graphcache restores the older
 * text if a refetch is answered late.
 */

import type { Client } from "@urql/core";
import type { ActiveStreams } from "../core/subscription/activeStreams.ts";
import type { StreamDefinition } from "../core/subscription/defineStream.ts";
import { LatestVersions } from "../core/subscription/latestVersions.ts";
import { failureOf } from "../core/subscription/refusal.ts";
import type { StreamedObject, StreamFailure } from "../core/subscription/revisions.ts";
import { SharedSubscriptions } from "../core/subscription/sharedSubscriptions.ts";

type Versions = LatestVersions<StreamedObject>;

const versionsOfClients = new WeakMap<Client, Map<string, Versions>>();
const streamsOfClients = new WeakMap<Client, WeakMap<object, ActiveStreams>>();

/** A client's components share the versions of each type. Those with the same fragment also share a stream. */
export function activeStreamsOf<Live>(client: Client, definition: StreamDefinition<Live>): ActiveStreams {
  const versions = versionsOf(client, definition.type);
  const streams = streamsOfClients.get(client) ?? new WeakMap<object, ActiveStreams>();
  streamsOfClients.set(client, streams);
  const active = streams.get(definition) ?? {
    versions,
    subscriptions: subscriptionsOf(client, definition, versions),
  };
  streams.set(definition, active);
  return active;
}

function versionsOf(client: Client, type: string): Versions {
  const types = versionsOfClients.get(client) ?? new Map<string, Versions>();
  versionsOfClients.set(client, types);
  const versions = types.get(type) ?? new LatestVersions<StreamedObject>();
  types.set(type, versions);
  return versions;
}

function subscriptionsOf<Live>(
  client: Client,
  { field, subscription }: StreamDefinition<Live>,
  versions: Versions,
): SharedSubscriptions<StreamFailure> {
  return new SharedSubscriptions((id, onRefused) => {
    const frames = client.subscription(subscription, { id }).subscribe(({ data, error }) => {
      const frame = data?.[field] as StreamedObject | null | undefined;
      if (frame) versions.offer(frame);
      if (error && error.graphQLErrors.length > 0) onRefused(failureOf(error.graphQLErrors));
    });
    return () => frames.unsubscribe();
  });
}
