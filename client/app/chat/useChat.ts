/** A chat's page: its newest messages, kept up to date, and older ones on demand. */

import { useQuery } from "@apollo/client/react";
import { useSync } from "@twotrack/client/apollo";
import { useCallback } from "react";
import { ChatDocument, type ChatQuery, OlderMessagesDocument } from "../documents.ts";
import { useAction } from "../parts/useAction.ts";
import { useSession } from "../session/session.ts";
import { outboxOf } from "./outbox.ts";

export const PAGE = 30;
const MOST = 100; // the server's limit

export type ChatOnPage = NonNullable<ChatQuery["chat"]>;

export function useChat(id: string) {
  const { client } = useSession();
  const { data, error, refetch } = useQuery(ChatDocument, { variables: { id, last: PAGE } });
  const messages = data?.chat?.messages;
  const shown = messages?.edges.length ?? 0;
  const before = messages?.pageInfo.startCursor;

  const older = useAction(async () => {
    if (!before) return;
    await client.query({
      query: OlderMessagesDocument,
      variables: { id, last: PAGE, before },
      fetchPolicy: "network-only",
    });
  });

  /** Everything that is shown, not only the newest: an old message may have been edited too. */
  const refresh = useCallback(async () => {
    // Its answer may bring the page along; if it does not, the page will be found behind once more. Fetched now, a
    // message that has arrived but is not answered yet would be shown twice.
    const sending = outboxOf(client).onItsWay(id);
    if (sending) return sending;
    const last = Math.min(Math.max(shown, PAGE), MOST);
    const newest = await client.query({ query: ChatDocument, variables: { id, last }, fetchPolicy: "network-only" });
    let cursor = newest.data?.chat?.messages.pageInfo.startCursor;
    for (let left = shown - last; left > 0 && cursor; left -= MOST) {
      const variables = { id, last: Math.min(left, MOST), before: cursor };
      const page = await client.query({ query: OlderMessagesDocument, variables, fetchPolicy: "network-only" });
      cursor = page.data?.chat?.messages.pageInfo.startCursor;
    }
  }, [client, id, shown]);

  // A page that could not be loaded is behind whatever is heard: it loads when the server is back.
  useSync(id, () => messages?.revision ?? (error && -1), refresh);

  return { chat: data?.chat, error, retry: refetch, older, hasOlder: messages?.pageInfo.hasPreviousPage ?? false };
}
