/** Streams an object while it is being generated. */

import { useEffect } from "react";
import { useClient } from "urql";
import { type FragmentDocument, type StreamDefinition, withFragment } from "../core/subscription/defineStream.ts";
import type { LiveObject, StreamedObject } from "../core/subscription/revisions.ts";
import { assertKnown, useStreamedObject } from "../react/useStreamedObject.ts";
import { activeStreamsOf } from "./activeStreams.ts";
import type { TwotrackClient } from "./client.ts";

export interface UseStreamOptions<Live> {
  /** The fields to stream instead of the definition's. `id revision status streaming` are added. */
  fragment?: FragmentDocument<Live>;
}

/**
 * Render the returned object, not the given one: urql's own data does not follow the stream. Returns the version with
 * the greatest revision that the client has received from a query or the stream.
 */
export function useStream<Shown extends StreamedObject, Defined, Live = Defined>(
  definition: StreamDefinition<Defined>,
  object: Shown,
  options: UseStreamOptions<Live> = {},
): LiveObject<Shown, Live> {
  const client = useClient();
  assertKnown(definition, (client as TwotrackClient).connection);
  const stream = options.fragment ? withFragment(definition, options.fragment) : definition;
  const active = activeStreamsOf<unknown>(client, stream);
  const latest = useStreamedObject(active, object) as LiveObject<Shown, Live>;
  const { versions } = active;
  useEffect(() => versions.offer(object), [versions, object]);
  return latest;
}
