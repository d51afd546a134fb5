/** The newest messages of a chat, and older ones on demand. Follows the chat's sync track. */

import { useQuery } from "@apollo/client/react";
import type { TwotrackClient } from "@twotrack/client/apollo";
import { useSync } from "@twotrack/client/apollo/react";
import { useCallback, useEffect } from "react";
import {
  ChatDocument,
  type ChatQuery,
  type ChatQueryVariables,
  OlderMessagesDocument,
  type OlderMessagesQueryVariables,
  TurnsFragmentDoc,
} from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";
import { outboxOf } from "./outbox.ts";
import { chatQuery, MAX_PAGE_SIZE, PAGE_SIZE } from "./queries.ts";

const MAX_SEND_WAIT_MS = 2_000;

type Cursor = string | null | undefined;

export type LoadedChat = NonNullable<ChatQuery["chat"]>;

export function useChat(id: string) {
  const session = useSession();
  const { client } = session;
  const { query, variables } = chatQuery(id);
  const { data, error, refetch } = useQuery(query, { variables });
  const messages = data?.chat?.messages;
  const shown = messages?.edges.length ?? 0;
  const hasOlder = messages?.pageInfo.hasPreviousPage ?? false;
  const before = messages?.pageInfo.startCursor;

  const loadOlder = useAction(async () => {
    if (before) await fetchOlder(client, { id, last: PAGE_SIZE, before });
  });

  /** Loads all messages before those that are shown, or those down to this one. */
  const loadAll = useCallback(
    async (until?: string) => {
      let cursor = hasOlder ? before : undefined;
      while (cursor && !(until && isShown(client, id, until)))
        cursor = await fetchOlder(client, { id, last: MAX_PAGE_SIZE, before: cursor });
    },
    [client, id, hasOlder, before],
  );

  /** Fetches all messages that are shown, not only the newest: an old one may have been edited. */
  const refresh = useCallback(async () => {
    // A message whose response has not arrived yet would be shown twice: in the outbox and in the fetched list. So wait
    // for the response. It may bring the list up to date; if it does not, this is called again.
    const sending = outboxOf(session).sending(id);
    if (sending && (await isSettledSoon(sending))) return;
    const last = Math.min(Math.max(shown, PAGE_SIZE), MAX_PAGE_SIZE);
    let cursor = await fetchNewest(client, { id, last });
    for (let left = shown - last; left > 0 && cursor; left -= MAX_PAGE_SIZE)
      cursor = await fetchOlder(client, { id, last: Math.min(left, MAX_PAGE_SIZE), before: cursor });
  }, [session, client, id, shown]);

  useSync(id, () => messages?.revision ?? revisionWithoutChat(data, error), refresh);

  // Removes the chat from the list, too. A refetch of the list would do so only if the chat is near its top.
  const isNotFound = data?.chat === null;
  useEffect(() => {
    if (isNotFound) client.cache.evict({ id: client.cache.identify({ __typename: "Chat", id }) });
  }, [client, id, isNotFound]);

  useEffect(() => () => void client.cache.gc({ resetResultCache: true }), [client]);

  return { chat: data?.chat, error, retry: refetch, loadOlder, loadAll, hasOlder };
}

/**
 * The revision to compare sync events with while there is no chat. After an error every event makes the page fetch again
 * (-1). After "not found" only an event about a visible chat does (0 is the revision of a chat that is not visible).
 */
function revisionWithoutChat(data: ChatQuery | undefined, error: unknown): number | undefined {
  if (data?.chat === null) return 0;
  return error ? -1 : undefined;
}

/** Resolves to false after two seconds: other users' messages must not wait for a slow send. */
function isSettledSoon(work: Promise<void>): Promise<boolean> {
  return Promise.race([
    work.then(() => true),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), MAX_SEND_WAIT_MS)),
  ]);
}

function isShown(client: TwotrackClient, id: string, message: string): boolean {
  const from = client.cache.identify({ __typename: "Chat", id });
  const chat =
    from === undefined
      ? null
      : client.cache.readFragment({ fragment: TurnsFragmentDoc, fragmentName: "Turns", id: from });
  return chat?.messages.edges.some(({ node }) => node.id === message) ?? false;
}

// Fetched without the cache and then written to it. A query through the cache would also read its result from there, and
// Apollo would keep one copy of each result for every page size that was ever requested.

async function fetchNewest(client: TwotrackClient, variables: ChatQueryVariables): Promise<Cursor> {
  const { data } = await client.query({ query: ChatDocument, variables, fetchPolicy: "no-cache" });
  if (data) client.writeQuery({ query: ChatDocument, variables, data });
  return data?.chat?.messages.pageInfo.startCursor;
}

/** Fetches the messages before a cursor. Returns the cursor before those, if there are more. */
async function fetchOlder(client: TwotrackClient, variables: OlderMessagesQueryVariables): Promise<Cursor> {
  const { data } = await client.query({ query: OlderMessagesDocument, variables, fetchPolicy: "no-cache" });
  if (data) client.writeQuery({ query: OlderMessagesDocument, variables, data });
  const { hasPreviousPage = false, startCursor } = data?.chat?.messages.pageInfo ?? {};
  return hasPreviousPage ? startCursor : undefined;
}
