/** The first query of a chat, which is also preloaded. */

import { ChatDocument } from "../documents.ts";

/** Messages, or chats, that one query fetches by default. */
export const PAGE_SIZE = 30;

/** The server's limit. */
export const MAX_PAGE_SIZE = 100;

export function chatQuery(id: string) {
  return { query: ChatDocument, variables: { id, last: PAGE_SIZE } };
}
