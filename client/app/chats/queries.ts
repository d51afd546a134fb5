/** What a page has to know before it can show anything. */

import { ChatDocument, ChatsDocument } from "../documents.ts";

/** Rows, of chats or of messages, that are asked for at first, and each time that the reader nears the end of them. */
export const PAGE = 30;

export const listQuestion = { query: ChatsDocument, variables: { first: PAGE } };

export function chatQuestion(id: string) {
  return { query: ChatDocument, variables: { id, last: PAGE } };
}
