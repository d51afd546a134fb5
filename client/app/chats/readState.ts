/** Decides whether a chat is unread: another user's message, or a finished reply, is newer than the read mark. */

import type { ChatSummaryFragment, LatestMessageFragment } from "../documents.ts";
import type { ReadMark, ReadMarks } from "./readMarks.ts";

/** `streaming`: a reply is being written. It becomes unread when it finishes, which does not change the chat's revision. */
export type ReadState = "read" | "streaming" | "unread";

/** True if the chat may be unread. Its latest messages decide: a new title or participant raises the revision, too. */
export function mayBeUnread(chat: ChatSummaryFragment, { since, chats }: ReadMarks): boolean {
  const mark = chats[chat.id];
  if (mark === undefined) return since !== undefined && chat.updatedAt > since;
  return chat.revision > mark.revision || mark.awaited !== undefined;
}

export function readState(
  latest: readonly LatestMessageFragment[],
  mark: ReadMark | undefined,
  viewerId: string,
): ReadState {
  const newer = latest.filter(({ id, createdAt }) => mark === undefined || id === mark.awaited || createdAt > mark.at);
  if (newer.some(({ streaming, author }) => !streaming && author?.id !== viewerId)) return "unread";
  return newer.some(({ streaming }) => streaming) ? "streaming" : "read";
}

/** The read mark of a user who sees these messages now. */
export function readMark(
  revision: number,
  messages: readonly LatestMessageFragment[],
  before: ReadMark | undefined,
): ReadMark {
  const finished = messages.findLast(({ streaming }) => !streaming);
  const awaited = messages.findLast(({ streaming }) => streaming)?.id;
  return {
    revision: Math.max(revision, before?.revision ?? 0),
    at: finished?.createdAt ?? before?.at ?? "",
    ...(awaited !== undefined && { awaited }),
  };
}
