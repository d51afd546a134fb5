/** Follows a message while it is being written. */

import { useApolloClient, useFragment } from "@apollo/client/react";
import type { LiveMessageFragment } from "../core/documents.ts";
import type { Followable, Followed, Revised } from "../core/revisions.ts";
import { type FragmentDocument, streamDocuments } from "../core/stream.ts";
import { useFollowing } from "../react/useFollowing.ts";
import { followingOf } from "./following.ts";

export interface MessageStreamOptions<Live> {
  /** What to ask for instead of everything; `id revision status streaming` come along by themselves. */
  fragment?: FragmentDocument<Live>;
}

/**
 * Render what it returns, and not the message that was handed in: a query's own rows stand still while the message is
 * being written. The newest version that was ever seen is returned, whichever way it came.
 */
export function useMessageStream<Message extends Followable, Live = LiveMessageFragment>(
  message: Message,
  options: MessageStreamOptions<Live> = {},
): Followed<Message, Live> {
  const documents = streamDocuments(options.fragment);
  const { fragment, fragmentName } = documents;
  const { data } = useFragment({ fragment, fragmentName, from: { __typename: "Message", id: message.id } });
  const following = followingOf(useApolloClient(), documents);
  return useFollowing(following, message, data as Partial<Revised>) as Followed<Message, Live>;
}
