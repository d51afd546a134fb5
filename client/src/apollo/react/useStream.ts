/** Streams an object while it is being generated. */

import type { ApolloClient } from "@apollo/client";
import { useApolloClient, useFragment } from "@apollo/client/react";
import { assertKnown } from "../../core/subscription/assertKnown.ts";
import { type FragmentDocument, type StreamDefinition, withFragment } from "../../core/subscription/defineStream.ts";
import type { LiveOf, Revisioned, StreamedObject } from "../../core/subscription/revisions.ts";
import { useStreamedObject } from "../../react/useStreamedObject.ts";
import { activeStreamsOf } from "../activeStreams.ts";
import { connectionOf } from "../link.ts";
import { streamsOf } from "../revisioned.ts";
import { unmasked } from "../unmasked.ts";

export interface UseStreamOptions<Live> {
  /** The fields to stream instead of the definition's. `id revision status streaming` are added. */
  fragment?: FragmentDocument<Live>;
  /** Default: the client of the `ApolloProvider`. */
  client?: ApolloClient;
  /** Shows the object, and does not subscribe. */
  skip?: boolean;
}

/**
 * Render the returned object, not the given one: a query's own data does not change while the object streams. Returns
 * the version with the greatest revision that the component has received from the query, the cache or the stream.
 *
 * If the server refuses the stream, `status` is FAILED and `error` says why. `null` and `undefined` are returned as they are.
 */
export function useStream<Shown extends StreamedObject | null | undefined, Defined, Live = Defined>(
  definition: StreamDefinition<Defined>,
  object: Shown,
  options: UseStreamOptions<Live> = {},
): LiveOf<Shown, Live> {
  const client = useApolloClient(options.client);
  assertKnown(definition, connectionOf(client));
  assertRevisioned(definition.type, client);
  const stream = unmasked<unknown>(options.fragment ? withFragment(definition, options.fragment) : definition);
  const { type, fragment, fragmentName } = stream;
  const from = object ? { __typename: type, id: object.id } : null;
  const { data } = useFragment({ fragment, fragmentName, from, client });
  const active = activeStreamsOf(client, stream);
  const cached = data as Partial<Revisioned>;
  return useStreamedObject(active, object, { cached, skip: options.skip }) as LiveOf<Shown, Live>;
}

function assertRevisioned(type: string, { cache }: ApolloClient): void {
  if (streamsOf(cache)?.some((stream) => stream.type === type)) return;
  throw new TypeError(
    `The cache may set a ${type} back to older text. Use \`revisioned(new InMemoryCache(), […])\` with its definition.`,
  );
}
