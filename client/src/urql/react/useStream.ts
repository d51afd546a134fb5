/** Streams an object while it is being generated. */

import type { Client } from "@urql/core";
import { useEffect } from "react";
import { assertKnown } from "../../core/subscription/assertKnown.ts";
import { type FragmentDocument, type StreamDefinition, withFragment } from "../../core/subscription/defineStream.ts";
import type { LiveOf, StreamedObject } from "../../core/subscription/revisions.ts";
import { useStreamedObject } from "../../react/useStreamedObject.ts";
import { activeStreamsOf } from "../activeStreams.ts";
import { connectionOf } from "../exchange.ts";
import { useGivenClient } from "./useGivenClient.ts";

export interface UseStreamOptions<Live> {
  /** The fields to stream instead of the definition's. `id revision status streaming` are added. */
  fragment?: FragmentDocument<Live>;
  /** Default: the client of the `Provider`. */
  client?: Client;
  /** Shows the object, and does not subscribe. */
  skip?: boolean;
}

/**
 * Render the returned object, not the given one: urql's own data does not follow the stream. Returns the version with
 * the greatest revision that the client has received from a query or the stream.
 *
 * If the server refuses the stream, `status` is FAILED and `error` says why. `null` and `undefined` are returned as they are.
 */
export function useStream<Shown extends StreamedObject | null | undefined, Defined, Live = Defined>(
  definition: StreamDefinition<Defined>,
  object: Shown,
  options: UseStreamOptions<Live> = {},
): LiveOf<Shown, Live> {
  const client = useGivenClient(options.client);
  assertKnown(definition, connectionOf(client));
  const stream = options.fragment ? withFragment(definition, options.fragment) : definition;
  const active = activeStreamsOf<unknown>(client, stream);
  const latest = useStreamedObject(active, object, { skip: options.skip }) as LiveOf<Shown, Live>;
  const { versions } = active;
  useEffect(() => {
    if (object) versions.offer(object);
  }, [versions, object]);
  return latest;
}
