/** Which chats have news, for a list of them. Only of those that have moved are the latest messages asked for. */

import { useCallback, useEffect, useState } from "react";
import type { ChatHeadFragment, GlanceFragment } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { CHATS_AT_ONCE, latestOf } from "./latestMessages.ts";
import { type Seen, useSeen } from "./readMarks.ts";
import { hasMoved, lookedAt, type State, stateOf } from "./readState.ts";

const ROUND_MS = 3_000; // while a reply is being written there: its end is no change of the chat

interface Known {
  /** The chat's, when it was last asked for. */
  readonly revision: number;
  /** Undefined: nobody has answered yet. */
  readonly latest: readonly GlanceFragment[] | undefined;
  readonly hasFailed: boolean;
}

export function useNews(user: string | undefined, chats: readonly ChatHeadFragment[], current: string | undefined) {
  const { seen, note } = useSeen(user);
  useFirstSight(user, chats, note);

  const { known, ask } = useLatest();
  const moved = chats.filter((chat) => chat.id !== current && hasMoved(chat, seen));
  const states = new Map<string, State | undefined>(
    moved.map(({ id }) => {
      const latest = known[id]?.latest;
      return [id, latest && stateOf(latest, seen.chats[id], user ?? "")];
    }),
  );

  const isUnknown = ({ id, revision }: ChatHeadFragment) => known[id]?.revision !== revision;
  const isUnsettled = ({ id }: ChatHeadFragment) => known[id]?.hasFailed || states.get(id) === "writing";
  const unknown = moved.filter(isUnknown);
  const unsettled = moved.filter((chat) => !isUnknown(chat) && isUnsettled(chat));
  useRounds(unknown, unsettled, ask);

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

/** What there is to read in chats. */
function useLatest() {
  const { client } = useSession();
  const [known, setKnown] = useState<Readonly<Record<string, Known>>>({});
  const ask = useCallback(
    async (chats: readonly ChatHeadFragment[]) => {
      const ids = chats.map(({ id }) => id);
      const found = await latestOf(ids, client).catch(() => undefined);
      setKnown((before) => {
        const after = { ...before };
        chats.forEach(({ id, revision }, index) => {
          after[id] = { revision, latest: found?.[index] ?? before[id]?.latest, hasFailed: found === undefined };
        });
        return after;
      });
    },
    [client],
  );
  return { known, ask };
}

/** Asks for what is unknown at once, and for what may change every few seconds while somebody looks; all by one query. */
function useRounds(
  unknown: readonly ChatHeadFragment[],
  unsettled: readonly ChatHeadFragment[],
  ask: (chats: readonly ChatHeadFragment[]) => Promise<void>,
) {
  const [isAsking, setIsAsking] = useState(false);
  const which = [unknown, unsettled].map((chats) => chats.map(({ id, revision }) => `${id} ${revision}`).join());
  // biome-ignore lint/correctness/useExhaustiveDependencies: `which` says it all
  useEffect(() => {
    if (isAsking || which.every((chats) => chats === "")) return;
    const round = async () => {
      setIsAsking(true);
      await ask([...unknown, ...unsettled].slice(0, CHATS_AT_ONCE));
      setIsAsking(false);
    };
    if (unknown.length > 0) return void round();
    const timer = setInterval(() => document.visibilityState === "visible" && void round(), ROUND_MS);
    return () => clearInterval(timer);
  }, [...which, isAsking, ask]);
}
