/** For graphcache: shows a sent message and its reply from the mutation's payload. No refetch, and nothing is lost. */

import type { SendMessagePayload } from "../core/sendMessagePayload.ts";
import { appendToConnection, type UpdaterCache } from "./appendToConnection.ts";

/**
 * Use it as the mutation's updater:
 * `cacheExchange({ keys, updates: { Mutation: { sendMessage: (data, _, cache) => addSent(cache, data.sendMessage) } } })`
 */
export function addSent(cache: UpdaterCache, payload: SendMessagePayload | null | undefined): void {
  if (!payload) return;
  const { id, revision } = payload.chat;
  const messages = [payload.message, payload.reply].filter((message) => message != null);
  const nodes = messages.map(({ id }) => ({ __typename: "Message", id }));
  appendToConnection(cache, { owner: { __typename: "Chat", id, revision }, field: "messages", nodes });
}
