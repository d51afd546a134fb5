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
import type { Result } from "../core/transport/transport.ts";
import { withFrames } from "./frames.ts";

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
    let uncached: { frame: StreamedObject; result: Result } | undefined;
    const release = versions.subscribe(id, () => {}); // keeps the newest version until this has ended
    const take = (result: Result) => {
      const frame = result.data?.[field] as StreamedObject | null | undefined;
      if (!frame?.streaming || result.errors) return false;
      uncached = { frame, result };
      versions.offer(frame);
      return true;
    };
    const frames = client.subscription(subscription, { id }, withFrames({ take })).subscribe(({ data, error }) => {
      const frame = data?.[field] as StreamedObject | null | undefined;
      if (frame) versions.offer(frame);
      if (error && error.graphQLErrors.length > 0) onRefused(failureOf(error.graphQLErrors));
    });
    return () => {
      frames.unsubscribe();
      // If a page has fetched a greater revision, the cache has it already.
      const isNewest = uncached !== undefined && uncached.frame.revision === versions.get(id)?.revision;
      release();
      if (uncached && isNewest)
        void client.subscription(subscription, { id }, withFrames({ result: uncached.result })).toPromise();
    };
  });
}
