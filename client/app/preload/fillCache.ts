/** Takes what was asked early into the cache, where the page looks before it asks. */

import type { TwotrackClient } from "@twotrack/client/apollo";
import { chatQuestion, listQuestion } from "../chats/queries.ts";
import type { ChatQuery, ChatsQuery } from "../documents.ts";
import { storedToken } from "../session/token.ts";

export interface Answer<Data = unknown> {
  readonly data?: Data | null;
  readonly errors?: readonly unknown[];
}

export interface Early {
  /** Whose answers these are. */
  readonly token: string;
  readonly list: Promise<Answer | undefined>;
  readonly chat: Promise<Answer | undefined> | undefined;
  readonly chatId: string | undefined;
}

declare global {
  interface Window {
    early?: Early;
  }
}

/** What is missing or was refused is left out: the page then asks by itself, and says what it is told. */
export async function takeEarlyAnswers(client: TwotrackClient): Promise<void> {
  const { early } = window;
  if (early === undefined) return;
  const [list, chat] = (await Promise.all([early.list, early.chat])) as [Answer<ChatsQuery>?, Answer<ChatQuery>?];
  if (early.token !== storedToken()) return; // another tab signed somebody else in
  if (isWhole(list) && list.data.viewer) client.writeQuery({ ...listQuestion, data: list.data });
  if (isWhole(chat) && early.chatId) client.writeQuery({ ...chatQuestion(early.chatId), data: chat.data });
}

function isWhole<Data>(answer: Answer<Data> | undefined): answer is { data: Data } {
  return answer?.data != null && answer.errors === undefined;
}
