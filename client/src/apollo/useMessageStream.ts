/** Follows a message while it is being written. */

import { CombinedGraphQLErrors } from "@apollo/client";
import { useFragment, useSubscription } from "@apollo/client/react";
import { useState } from "react";
import type { LiveMessageFragment } from "../core/documents.ts";
import type { Followable, Revised } from "../core/revisions.ts";
import { type FragmentDocument, streamDocuments } from "../core/stream.ts";
import { useNewest } from "../react/useNewest.ts";

export interface MessageStreamOptions<Live> {
  /** What to ask for instead of everything; `id revision status streaming` come along by themselves. */
  fragment?: FragmentDocument<Live>;
}

/**
 * Render what it returns, and not the message that was handed in: a query's own rows stand still while that query is
 * refetching. The newest version that was ever seen is returned, whichever way it came.
 */
export function useMessageStream<Message extends Followable, Live = LiveMessageFragment>(
  message: Message,
  options: MessageStreamOptions<Live> = {},
): Message & Partial<Live> {
  const { fragment, fragmentName, subscription } = streamDocuments(options.fragment);
  const { data } = useFragment({ fragment, fragmentName, from: { __typename: "Message", id: message.id } });
  const newest = useNewest(message, data as Partial<Revised>);
  const [refused, setRefused] = useState<Revised>();
  const isRefused = refused?.id === newest.id && refused.revision === newest.revision;
  useSubscription(subscription, {
    variables: { id: newest.id },
    skip: !newest.streaming || isRefused,
    ignoreResults: true,
    // Deleted, or no longer ours to see: sync will take it off the page, and until then nothing pretends to be written.
    onError: (error) => CombinedGraphQLErrors.is(error) && setRefused(newest),
  });
  return (isRefused ? { ...newest, streaming: false } : newest) as Message & Partial<Live>;
}
