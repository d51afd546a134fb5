/** Shows a sent message and its reply from the mutation's payload: no refetch, and nothing is lost. */

import type { ApolloCache } from "@apollo/client";
import type { SendMessagePayload } from "../core/sendMessagePayload.ts";
import { appendToConnection } from "./appendToConnection.ts";

/** Use it as the mutation's updater: `update: (cache, { data }) => addSent(cache, data?.sendMessage)`. */
export function addSent(cache: ApolloCache, payload: SendMessagePayload | null | undefined): void {
  if (!payload) return;
  const { id, revision } = payload.chat;
  const messages = [payload.message, payload.reply].filter((message) => message != null);
  const nodes = messages.map(({ id }) => ({ __typename: "Message", id }));
  appendToConnection(cache, { owner: { __typename: "Chat", id, revision }, field: "messages", nodes });
}
