/**
 * Delivers frames to components without writing each one into the cache.
 *
 * Writing a frame, and recomputing everything that was ever read of the object, costs a page more than showing it. So
 * frames go to the components that stream the object. The cache gets the last one: the final frame, or the newest one
 * when the last component unsubscribes.
 */

import { type ApolloClient, CombinedGraphQLErrors } from "@apollo/client";
import type { ActiveStreams } from "../core/subscription/activeStreams.ts";
import type { StreamDefinition } from "../core/subscription/defineStream.ts";
import { LatestVersions } from "../core/subscription/latestVersions.ts";
import { failureOf } from "../core/subscription/refusal.ts";
import type { StreamedObject, StreamFailure } from "../core/subscription/revisions.ts";
import { SharedSubscriptions } from "../core/subscription/sharedSubscriptions.ts";

const streamsOfClients = new WeakMap<ApolloClient, WeakMap<object, ActiveStreams>>();

/** Components that use the same definition and fragment share a stream. */
export function activeStreamsOf<Live>(client: ApolloClient, definition: StreamDefinition<Live>): ActiveStreams {
  const streams = streamsOfClients.get(client) ?? new WeakMap<object, ActiveStreams>();
  streamsOfClients.set(client, streams);
  const active = streams.get(definition) ?? createActiveStreams(client, definition);
  streams.set(definition, active);
  return active;
}

function createActiveStreams<Live>(client: ApolloClient, definition: StreamDefinition<Live>): ActiveStreams {
  const versions = new LatestVersions<StreamedObject>((latest) => store(client, definition, latest));
  const subscriptions = new SharedSubscriptions<StreamFailure>((id, onRefused) => {
    const frames = client
      .subscribe({ query: definition.subscription, variables: { id }, fetchPolicy: "no-cache" })
      .subscribe(({ data, error }) => {
        const frame = data?.[definition.field] as StreamedObject | null | undefined;
        if (frame?.streaming === false) store(client, definition, frame);
        if (frame) versions.offer(frame);
        if (CombinedGraphQLErrors.is(error)) onRefused(failureOf(error.errors));
      });
    return () => frames.unsubscribe();
  });
  return { versions, subscriptions };
}

function store<Live>({ cache }: ApolloClient, definition: StreamDefinition<Live>, frame: StreamedObject): void {
  const { type, fragment, fragmentName, revisionFragment } = definition;
  const from = { __typename: type, id: frame.id };
  const stored = cache.readFragment({ fragment: revisionFragment, from });
  // Not stored means deleted meanwhile: it must not come back.
  if (stored == null || stored.revision > frame.revision) return;
  cache.writeFragment({ fragment, fragmentName, from, data: frame as Live });
}
