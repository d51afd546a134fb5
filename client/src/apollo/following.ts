/**
 * Frames on their way past the cache.
 *
 * To store a frame, and to compute again all that was ever read of it, costs a page more than to show it. So a frame
 * goes to those who follow the message, and into the cache goes the last one: the finished message, or the newest text
 * when nobody follows it any more.
 */

import { type ApolloClient, CombinedGraphQLErrors } from "@apollo/client";
import { StoredRevisionFragmentDoc } from "../core/documents.ts";
import { Newest } from "../core/newest.ts";
import type { Followable } from "../core/revisions.ts";
import { Shared } from "../core/shared.ts";
import type { StreamDocuments } from "../core/stream.ts";
import type { Following } from "../react/useFollowing.ts";

const followings = new WeakMap<ApolloClient, WeakMap<object, Following>>();

/** Components that follow with the same fragment share a stream. */
export function followingOf<Live>(client: ApolloClient, documents: StreamDocuments<Live>): Following {
  const known = followings.get(client) ?? new WeakMap<object, Following>();
  followings.set(client, known);
  const following = known.get(documents) ?? begin(client, documents);
  known.set(documents, following);
  return following;
}

function begin<Live>(client: ApolloClient, documents: StreamDocuments<Live>): Following {
  const versions = new Newest<Followable>((last) => store(client, documents, last));
  const streams = new Shared<Error>((id, refuse) => {
    const frames = client
      .subscribe({ query: documents.subscription, variables: { id }, fetchPolicy: "no-cache" })
      .subscribe(({ data, error }) => {
        const frame = data?.messageStream as unknown as Followable | undefined;
        if (frame?.streaming === false) store(client, documents, frame);
        if (frame) versions.offer(frame);
        if (CombinedGraphQLErrors.is(error)) refuse(error);
      });
    return () => frames.unsubscribe();
  });
  return { versions, streams };
}

function store<Live>(
  { cache }: ApolloClient,
  { fragment, fragmentName }: StreamDocuments<Live>,
  frame: Followable,
): void {
  const from = { __typename: "Message", id: frame.id };
  const stored = cache.readFragment({ fragment: StoredRevisionFragmentDoc, from });
  // One that was deleted meanwhile must not come back.
  if (stored == null || stored.revision > frame.revision) return;
  cache.writeFragment({ fragment, fragmentName, from, data: frame as Live });
}
