/** Streams an object while it is being generated. */

import { useApolloClient, useFragment } from "@apollo/client/react";
import { type FragmentDocument, type StreamDefinition, withFragment } from "../core/subscription/defineStream.ts";
import type { LiveObject, Revisioned, StreamedObject } from "../core/subscription/revisions.ts";
import { assertKnown, useStreamedObject } from "../react/useStreamedObject.ts";
import { activeStreamsOf } from "./activeStreams.ts";
import type { TwotrackClient } from "./client.ts";

export interface UseStreamOptions<Live> {
  /** The fields to stream instead of the definition's. `id revision status streaming` are added. */
  fragment?: FragmentDocument<Live>;
}

/**
 * Render the returned object, not the given one: a query's own data does not change while the object streams. Returns
 * the version with the greatest revision that the component has received from the query, the cache or the stream.
 */
export function useStream<Shown extends StreamedObject, Defined, Live = Defined>(
  definition: StreamDefinition<Defined>,
  object: Shown,
  options: UseStreamOptions<Live> = {},
): LiveObject<Shown, Live> {
  const client = useApolloClient();
  assertKnown(definition, (client as TwotrackClient).connection);
  const stream = options.fragment ? withFragment(definition, options.fragment) : definition;
  const { fragment, fragmentName } = stream;
  const { data } = useFragment({ fragment, fragmentName, from: { __typename: stream.type, id: object.id } });
  const active = activeStreamsOf<unknown>(client, stream);
  return useStreamedObject(active, object, data as Partial<Revisioned>) as LiveObject<Shown, Live>;
}
