/** What is news in a chat: somebody else's message, or a reply that was finished, since one last looked. */

import type { ChatHeadFragment, GlanceFragment } from "../documents.ts";
import type { Looked, Seen } from "./readMarks.ts";

/** A chat's state as one sees it who does not look: `writing` may become `news` without a sign. */
export type State = "read" | "writing" | "news";

/** Whether something moved there; whether it is news, the messages tell. A title or a participant is none. */
export function hasMoved(chat: ChatHeadFragment, { since, chats }: Seen): boolean {
  const looked = chats[chat.id];
  if (looked === undefined) return since !== undefined && chat.updatedAt > since;
  return chat.revision > looked.revision || looked.awaited !== undefined;
}

export function stateOf(latest: readonly GlanceFragment[], looked: Looked | undefined, viewer: string): State {
  const unseen = latest.filter(
    ({ id, createdAt }) => looked === undefined || id === looked.awaited || createdAt > looked.at,
  );
  if (unseen.some(({ streaming, author }) => !streaming && author?.id !== viewer)) return "news";
  return unseen.some(({ streaming }) => streaming) ? "writing" : "read";
}

/** What one has seen who looks at these messages now. */
export function lookedAt(revision: number, messages: readonly GlanceFragment[], before: Looked | undefined): Looked {
  const finished = messages.findLast(({ streaming }) => !streaming);
  const awaited = messages.findLast(({ streaming }) => streaming)?.id;
  return {
    revision: Math.max(revision, before?.revision ?? 0),
    at: finished?.createdAt ?? before?.at ?? "",
    ...(awaited !== undefined && { awaited }),
  };
}
