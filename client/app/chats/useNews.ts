/** Which chats have news, for a list of them. Only of those that have moved are the latest messages asked for. */

import { useCallback, useEffect, useState } from "react";
import { type ChatHeadFragment, type GlanceFragment, LatestDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { hasMoved, lookedAt, type State, stateOf } from "./news.ts";
import { type Seen, useSeen } from "./seen.ts";

const ASK_AGAIN_MS = 3_000; // while a reply is being written there: its end is no change of the chat

interface Known {
  readonly revision: number;
  readonly latest: readonly GlanceFragment[];
}

export function useNews(user: string | undefined, chats: readonly ChatHeadFragment[], current: string | undefined) {
  const { client } = useSession();
  const { seen, note } = useSeen(user);
  const [known, setKnown] = useState<Readonly<Record<string, Known>>>({});

  useFirstSight(user, chats, note);

  const moved = chats.filter((chat) => chat.id !== current && hasMoved(chat, seen));
  const states = new Map<string, State | undefined>(
    moved.map(({ id }) => [id, known[id] && stateOf(known[id].latest, seen.chats[id], user ?? "")]),
  );

  const ask = useCallback(
    async ({ id, revision }: ChatHeadFragment) => {
      // Past the cache: a glance at a message without its text has no revision to keep it in order.
      const { data } = await client.query({ query: LatestDocument, variables: { id }, fetchPolicy: "no-cache" });
      const latest = data?.chat?.messages.edges.map(({ node }) => node) ?? [];
      setKnown((before) => ({ ...before, [id]: { revision, latest } }));
    },
    [client],
  );

  const stale = moved.filter(({ id, revision }) => known[id]?.revision !== revision);
  useEach(stale, ask, 0);
  useEach(
    moved.filter(({ id }) => states.get(id) === "writing"),
    ask,
    ASK_AGAIN_MS,
  );

  const onLook = useCallback(
    (id: string, revision: number, messages: readonly GlanceFragment[]) =>
      note((before) => {
        const looked = lookedAt(revision, messages, before.chats[id]);
        const isKnown = JSON.stringify(looked) === JSON.stringify(before.chats[id]);
        return isKnown ? before : { ...before, chats: { ...before.chats, [id]: looked } };
      }),
    [note],
  );
  return { news: new Set(moved.filter(({ id }) => states.get(id) === "news").map(({ id }) => id)), onLook };
}

/** Notes when this browser saw the list for the first time. */
function useFirstSight(
  user: string | undefined,
  chats: readonly ChatHeadFragment[],
  note: (change: (seen: Seen) => Seen) => void,
) {
  const newest = chats[0]?.updatedAt ?? "";
  useEffect(() => {
    if (user !== undefined) note((before) => (before.since === undefined ? { ...before, since: newest } : before));
  }, [user, newest, note]);
}

/** Asks for each of these, again and again if there is a pause to make in between, as long as somebody looks. */
function useEach(chats: readonly ChatHeadFragment[], ask: (chat: ChatHeadFragment) => Promise<void>, pauseMs: number) {
  const which = chats.map(({ id, revision }) => `${id} ${revision}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `which` says it all
  useEffect(() => {
    if (chats.length === 0) return;
    const askAll = () => {
      for (const chat of chats) ask(chat).catch(() => {}); // the mark comes later, then
    };
    if (pauseMs === 0) return askAll();
    const timer = setInterval(() => document.visibilityState === "visible" && askAll(), pauseMs);
    return () => clearInterval(timer);
  }, [which, ask, pauseMs]);
}
