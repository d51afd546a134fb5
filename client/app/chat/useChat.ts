/** A chat's page: its newest messages, kept up to date, and older ones on demand. */

import { useQuery } from "@apollo/client/react";
import { type TwotrackClient, useSync } from "@twotrack/client/apollo";
import { useCallback, useEffect } from "react";
import { PAGE } from "../chats/queries.ts";
import {
  ChatDocument,
  type ChatQuery,
  type ChatQueryVariables,
  OlderMessagesDocument,
  type OlderMessagesQueryVariables,
} from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";
import { outboxOf } from "./outbox.ts";

const MOST = 100; // the server's limit
const PATIENCE_MS = 2_000;

type Cursor = string | null | undefined;

export type ChatOnPage = NonNullable<ChatQuery["chat"]>;

export function useChat(id: string) {
  const session = useSession();
  const { client } = session;
  const { data, error, refetch } = useQuery(ChatDocument, { variables: { id, last: PAGE } });
  const messages = data?.chat?.messages;
  const shown = messages?.edges.length ?? 0;
  const before = messages?.pageInfo.startCursor;

  const older = useAction(async () => {
    if (before) await fetchOlder(client, { id, last: PAGE, before });
  });

  /** Everything that is shown, not only the newest: an old message may have been edited too. */
  const refresh = useCallback(async () => {
    // Its answer may bring the page along; if it does not, the page will be found behind once more. Fetched now, a
    // message that has arrived but is not answered yet would be shown twice.
    const sending = outboxOf(session).onItsWay(id);
    if (sending && (await soon(sending))) return;
    const last = Math.min(Math.max(shown, PAGE), MOST);
    let cursor = await fetchNewest(client, { id, last });
    for (let left = shown - last; left > 0 && cursor; left -= MOST)
      cursor = await fetchOlder(client, { id, last: Math.min(left, MOST), before: cursor });
  }, [session, client, id, shown]);

  useSync(id, () => messages?.revision ?? revisionOfNothing(data, error), refresh);

  // Also out of the list, which a refetch mends where it is near enough to the top.
  const isGone = data?.chat === null;
  useEffect(() => {
    if (isGone) client.cache.evict({ id: client.cache.identify({ __typename: "Chat", id }) });
  }, [client, id, isGone]);

  useEffect(() => () => void client.cache.gc({ resetResultCache: true }), [client]);

  return { chat: data?.chat, error, retry: refetch, older, hasOlder: messages?.pageInfo.hasPreviousPage ?? false };
}

/** A page that could not be loaded is behind whatever is heard, and one that was not there behind any chat that is. */
function revisionOfNothing(data: ChatQuery | undefined, error: unknown): number | undefined {
  if (data?.chat === null) return 0;
  return error ? -1 : undefined;
}

/** Whether it is done soon: whatever keeps it for longer, other people's messages should not wait for it. */
function soon(work: Promise<void>): Promise<boolean> {
  return Promise.race([
    work.then(() => true),
    new Promise<false>((late) => setTimeout(() => late(false), PATIENCE_MS)),
  ]);
}

// Past the cache and then into it: what goes through it is also read from it, and what was read is kept for each number
// of rows that was ever asked for.

async function fetchNewest(client: TwotrackClient, variables: ChatQueryVariables): Promise<Cursor> {
  const { data } = await client.query({ query: ChatDocument, variables, fetchPolicy: "no-cache" });
  if (data) client.writeQuery({ query: ChatDocument, variables, data });
  return data?.chat?.messages.pageInfo.startCursor;
}

/** The rows before that cursor; the cursor before them. */
async function fetchOlder(client: TwotrackClient, variables: OlderMessagesQueryVariables): Promise<Cursor> {
  const { data } = await client.query({ query: OlderMessagesDocument, variables, fetchPolicy: "no-cache" });
  if (data) client.writeQuery({ query: OlderMessagesDocument, variables, data });
  return data?.chat?.messages.pageInfo.startCursor;
}
