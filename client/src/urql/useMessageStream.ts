/** Follows a message while it is being written. */

import type { Client } from "@urql/core";
import { useEffect } from "react";
import { useClient } from "urql";
import type { LiveMessageFragment } from "../core/documents.ts";
import { Newest } from "../core/newest.ts";
import type { Followable, Followed } from "../core/revisions.ts";
import { Shared } from "../core/shared.ts";
import { type FragmentDocument, type StreamDocuments, streamDocuments } from "../core/stream.ts";
import { type Following, useFollowing } from "../react/useFollowing.ts";

export interface MessageStreamOptions<Live> {
  /** What to ask for instead of everything; `id revision status streaming` come along by themselves. */
  fragment?: FragmentDocument<Live>;
}

/**
 * Render what it returns, and not the message that was handed in: urql's document cache knows nothing of a stream's
 * frames, and graphcache goes back when a refetch answers late.
 */
export function useMessageStream<Message extends Followable, Live = LiveMessageFragment>(
  message: Message,
  options: MessageStreamOptions<Live> = {},
): Followed<Message, Live> {
  const following = followingOf(useClient(), streamDocuments(options.fragment));
  const newest = useFollowing(following, message) as Followed<Message, Live>;
  const { versions } = following;
  useEffect(() => versions.offer(message), [versions, message]);
  return newest;
}

const versionsOf = new WeakMap<Client, Newest<Followable>>();
const followings = new WeakMap<Client, WeakMap<object, Following>>();

/** All components of a client share what they have heard; those with the same fragment share a stream as well. */
function followingOf<Live>(client: Client, documents: StreamDocuments<Live>): Following {
  const versions = versionsOf.get(client) ?? new Newest<Followable>();
  versionsOf.set(client, versions);
  const known = followings.get(client) ?? new WeakMap<object, Following>();
  followings.set(client, known);
  const following = known.get(documents) ?? { versions, streams: streamsOf(client, documents, versions) };
  known.set(documents, following);
  return following;
}

function streamsOf<Live>(
  client: Client,
  { subscription }: StreamDocuments<Live>,
  versions: Newest<Followable>,
): Shared<Error> {
  return new Shared((id, refuse) => {
    const stream = client.subscription(subscription, { id }).subscribe(({ data, error }) => {
      if (data?.messageStream) versions.offer(data.messageStream as unknown as Followable);
      if (error && error.graphQLErrors.length > 0) refuse(error);
    });
    return () => stream.unsubscribe();
  });
}
