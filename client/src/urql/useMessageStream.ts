/** Follows a message while it is being written. */

import type { Client, CombinedError } from "@urql/core";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useClient } from "urql";
import type { LiveMessageFragment } from "../core/documents.ts";
import { Newest } from "../core/newest.ts";
import type { Followable, Revised } from "../core/revisions.ts";
import { Shared } from "../core/shared.ts";
import { type FragmentDocument, type StreamDocuments, streamDocuments } from "../core/stream.ts";
import { useNewest } from "../react/useNewest.ts";

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
): Message & Partial<Live> {
  const client = useClient();
  const documents = streamDocuments(options.fragment);
  const { id } = message;
  const { versions, streams } = followingOf(client, documents);
  const heard = useSyncExternalStore(
    useCallback((listener) => versions.subscribe(id, listener), [versions, id]),
    () => versions.get(id),
  );
  const newest = useNewest(message, heard);
  const [refused, setRefused] = useState<Revised>();
  const isRefused = refused?.id === newest.id && refused.revision === newest.revision;
  const isFollowing = newest.streaming && !isRefused;
  const { revision } = newest;

  useEffect(() => versions.offer(message), [versions, message]);

  useEffect(() => {
    if (!isFollowing) return;
    return streams.follow(id, (error) => {
      // Deleted, or no longer ours to see: sync will take it off the page, and until then nothing pretends to be written.
      if (error.graphQLErrors.length > 0) setRefused({ id, revision });
    });
  }, [streams, id, isFollowing, revision]);

  return (isRefused ? { ...newest, streaming: false } : newest) as Message & Partial<Live>;
}

interface Following {
  readonly versions: Newest<Followable>;
  readonly streams: Shared<CombinedError>;
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
): Shared<CombinedError> {
  return new Shared((id, fail) => {
    const stream = client.subscription(subscription, { id }).subscribe(({ data, error }) => {
      if (data?.messageStream) versions.offer(data.messageStream as unknown as Followable);
      if (error) fail(error);
    });
    return () => stream.unsubscribe();
  });
}
