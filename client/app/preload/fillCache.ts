/** Writes the preloaded responses to the client's cache, which the page reads before it sends a query. */

import type { TwotrackClient } from "@twotrack/client/apollo";
import { chatQuery } from "../chat/queries.ts";
import { chatListQuery } from "../chats/queries.ts";
import type { ChatQuery, ChatsQuery } from "../documents.ts";
import { storedToken } from "../session/token.ts";

export interface GraphQLResponse<Data = unknown> {
  readonly data?: Data | null;
  readonly errors?: readonly unknown[];
}

export interface Preloaded {
  /** The token that the requests were sent with. */
  readonly token: string;
  readonly chatList: Promise<GraphQLResponse | undefined>;
  readonly chat: Promise<GraphQLResponse | undefined> | undefined;
  readonly chatId: string | undefined;
}

declare global {
  interface Window {
    preloaded?: Preloaded;
  }
}

/** Skips responses that are missing or have errors: the page then sends the query itself, and shows the error. */
export async function fillCache(client: TwotrackClient): Promise<void> {
  const { preloaded } = window;
  if (preloaded === undefined) return;
  const responses = await Promise.all([preloaded.chatList, preloaded.chat]);
  const [chatList, chat] = responses as [GraphQLResponse<ChatsQuery>?, GraphQLResponse<ChatQuery>?];
  if (preloaded.token !== storedToken()) return; // another tab has signed in another user
  if (isComplete(chatList) && chatList.data.viewer) client.writeQuery({ ...chatListQuery, data: chatList.data });
  if (isComplete(chat) && preloaded.chatId) client.writeQuery({ ...chatQuery(preloaded.chatId), data: chat.data });
}

function isComplete<Data>(response: GraphQLResponse<Data> | undefined): response is { data: Data } {
  return response?.data != null && response.errors === undefined;
}
