/** Finds the unread chats of a list. Fetches the latest messages only of those that have changed since they were read. */

import { useCallback, useEffect, useState } from "react";
import type { ChatSummaryFragment, LatestMessageFragment } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { fetchLatestMessages, MAX_CHATS_PER_QUERY } from "./latestMessages.ts";
import { type UpdateReadMarks, useReadMarks } from "./readMarks.ts";
import { mayBeUnread, type ReadState, readMark, readState } from "./readState.ts";

const POLL_MS = 3_000; // while a reply streams in another chat: its end is not announced for the chat

interface Fetched {
  /** Revision of the chat when its messages were last requested. */
  readonly revision: number;
  /** Undefined until the first response. */
  readonly latest: readonly LatestMessageFragment[] | undefined;
  /** True if the last request failed. */
  readonly hasFailed: boolean;
}

export function useUnread(
  user: string | undefined,
  chats: readonly ChatSummaryFragment[],
  current: string | undefined,
) {
  const [marks, updateMarks] = useReadMarks(user);
  useFirstVisit(user, chats, updateMarks);

  const { fetched, fetchLatest } = useLatestMessages();
  const candidates = chats.filter((chat) => chat.id !== current && mayBeUnread(chat, marks));
  const states = new Map<string, ReadState | undefined>(
    candidates.map(({ id }) => {
      const latest = fetched[id]?.latest;
      return [id, latest && readState(latest, marks.chats[id], user ?? "")];
    }),
  );

  const isOutdated = ({ id, revision }: ChatSummaryFragment) => fetched[id]?.revision !== revision;
  const mayChange = ({ id }: ChatSummaryFragment) => fetched[id]?.hasFailed || states.get(id) === "streaming";
  const outdated = candidates.filter(isOutdated);
  const polled = candidates.filter((chat) => !isOutdated(chat) && mayChange(chat));
  usePolling(outdated, polled, fetchLatest);

  const markRead = useCallback(
    (id: string, revision: number, messages: readonly LatestMessageFragment[]) =>
      updateMarks((before) => {
        const mark = readMark(revision, messages, before.chats[id]);
        const isUnchanged = JSON.stringify(mark) === JSON.stringify(before.chats[id]);
        return isUnchanged ? before : { ...before, chats: { ...before.chats, [id]: mark } };
      }),
    [updateMarks],
  );
  const unread = new Set(candidates.filter(({ id }) => states.get(id) === "unread").map(({ id }) => id));
  return { unread, markRead };
}

/** Stores when the newest chat was last active, on the first visit with this browser. */
function useFirstVisit(user: string | undefined, chats: readonly ChatSummaryFragment[], updateMarks: UpdateReadMarks) {
  const newest = chats[0]?.updatedAt ?? "";
  useEffect(() => {
    if (user === undefined) return;
    updateMarks((before) => (before.since === undefined ? { ...before, since: newest } : before));
  }, [user, newest, updateMarks]);
}

function useLatestMessages() {
  const { client } = useSession();
  const [fetched, setFetched] = useState<Readonly<Record<string, Fetched>>>({});
  const fetchLatest = useCallback(
    async (chats: readonly ChatSummaryFragment[]) => {
      const ids = chats.map(({ id }) => id);
      const messages = await fetchLatestMessages(ids, client).catch(() => undefined);
      setFetched((before) => {
        const after = { ...before };
        chats.forEach(({ id, revision }, index) => {
          after[id] = { revision, latest: messages?.[index] ?? before[id]?.latest, hasFailed: messages === undefined };
        });
        return after;
      });
    },
    [client],
  );
  return { fetched, fetchLatest };
}

/**
 * Fetches outdated chats at once, and those that may change every few seconds while the page is visible. One request at
 * a time, for all of them.
 */
function usePolling(
  outdated: readonly ChatSummaryFragment[],
  polled: readonly ChatSummaryFragment[],
  fetchLatest: (chats: readonly ChatSummaryFragment[]) => Promise<void>,
) {
  const [isFetching, setIsFetching] = useState(false);
  const keys = [outdated, polled].map((chats) => chats.map(({ id, revision }) => `${id} ${revision}`).join());
  // biome-ignore lint/correctness/useExhaustiveDependencies: `keys` stands for both lists, which are new in each render
  useEffect(() => {
    if (isFetching || keys.every((key) => key === "")) return;
    const poll = async () => {
      setIsFetching(true);
      await fetchLatest([...outdated, ...polled].slice(0, MAX_CHATS_PER_QUERY));
      setIsFetching(false);
    };
    if (outdated.length > 0) return void poll();
    const timer = setInterval(() => document.visibilityState === "visible" && void poll(), POLL_MS);
    return () => clearInterval(timer);
  }, [...keys, isFetching, fetchLatest]);
}
