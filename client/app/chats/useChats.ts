/** The viewer and their chats, the most recently active first. Follows the viewer's sync track. */

import { useQuery } from "@apollo/client/react";
import { useSync } from "@twotrack/client/apollo/react";
import { useCallback, useEffect } from "react";
import { MAX_PAGE_SIZE, PAGE_SIZE } from "../chat/queries.ts";
import { ChatsDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";
import { chatListQuery } from "./queries.ts";

const RETRY_MS = 10_000;

/** While a reply is being written in another chat: its end makes the chat unread and is not announced for the list. */
const POLL_MS = 3_000;

export function useChats(current: string | undefined) {
  const { client } = useSession();
  const { data, error, refetch } = useQuery(chatListQuery.query, { variables: chatListQuery.variables });
  const viewer = data?.viewer;
  const shown = viewer?.chats.edges.length ?? 0;
  const { hasNextPage = false, endCursor } = viewer?.chats.pageInfo ?? {};

  const refresh = useCallback(
    () =>
      client.query({
        query: ChatsDocument,
        variables: { first: Math.min(Math.max(shown, PAGE_SIZE), MAX_PAGE_SIZE) },
        fetchPolicy: "network-only",
      }),
    [client, shown],
  );
  useSync(viewer?.id, () => viewer?.chats.revision, refresh);

  // Without a viewer there is no subscription yet that would notice when the server is back.
  const isUnreachable = error !== undefined && viewer === undefined;
  useEffect(() => {
    if (!isUnreachable) return;
    const retryNow = () => void refresh().catch(() => {});
    const timer = setInterval(retryNow, RETRY_MS);
    addEventListener("online", retryNow);
    return () => {
      clearInterval(timer);
      removeEventListener("online", retryNow);
    };
  }, [isUnreachable, refresh]);

  const isReplying = viewer?.chats.edges.some(({ replying, node }) => replying && node.id !== current) ?? false;
  useEffect(() => {
    if (!isReplying) return;
    const timer = setInterval(() => void refresh().catch(() => {}), POLL_MS);
    return () => clearInterval(timer);
  }, [isReplying, refresh]);

  const loadMore = useAction(async () => {
    if (!endCursor) return;
    const variables = { first: PAGE_SIZE, after: endCursor };
    await client.query({ query: ChatsDocument, variables, fetchPolicy: "network-only" });
  });

  return { viewer, chats: viewer?.chats.edges ?? [], error, retry: refetch, refresh, loadMore, hasMore: hasNextPage };
}
