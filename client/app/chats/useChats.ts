/** The viewer and their chats, the most recently active first, kept up to date. */

import { useQuery } from "@apollo/client/react";
import { useSync } from "@twotrack/client/apollo";
import { useCallback, useEffect } from "react";
import { ChatsDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";
import { PAGE } from "./queries.ts";

const MOST = 100; // the server's limit
const RETRY_MS = 10_000;

export function useChats() {
  const { client } = useSession();
  const { data, error, refetch } = useQuery(ChatsDocument, { variables: { first: PAGE } });
  const viewer = data?.viewer;
  const shown = viewer?.chats.edges.length ?? 0;
  const { hasNextPage = false, endCursor } = viewer?.chats.pageInfo ?? {};

  const refresh = useCallback(
    () =>
      client.query({
        query: ChatsDocument,
        variables: { first: Math.min(Math.max(shown, PAGE), MOST) },
        fetchPolicy: "network-only",
      }),
    [client, shown],
  );
  useSync(viewer?.id, () => viewer?.chats.revision, refresh);

  // Without a viewer, nothing is followed that would tell when the server is back.
  const isLost = error !== undefined && viewer === undefined;
  useEffect(() => {
    if (!isLost) return;
    const again = () => void refresh().catch(() => {});
    const timer = setInterval(again, RETRY_MS);
    addEventListener("online", again);
    return () => {
      clearInterval(timer);
      removeEventListener("online", again);
    };
  }, [isLost, refresh]);

  const more = useAction(async () => {
    if (!endCursor) return;
    const variables = { first: PAGE, after: endCursor };
    await client.query({ query: ChatsDocument, variables, fetchPolicy: "network-only" });
  });

  return { viewer, chats: viewer?.chats.edges ?? [], error, retry: refetch, more, hasMore: hasNextPage };
}
