/** Which messages of a chat are being written now. Read from the cache, so that the list of messages does not render. */

import { useFragment } from "@apollo/client/react";
import { TurnsFragmentDoc } from "../documents.ts";

export interface Turn {
  readonly id: string;
  readonly role: string;
  readonly streaming: boolean;
  /** ID of the user who wrote the message. Undefined for the assistant. */
  readonly author: string | undefined;
}

/** All messages that the page has of a chat, the oldest first. */
export function useTurns(chatId: string): readonly Turn[] {
  const { data } = useFragment({ fragment: TurnsFragmentDoc, from: { __typename: "Chat", id: chatId } });
  const turns: Turn[] = [];
  for (const edge of data.messages?.edges ?? []) {
    const node = edge?.node;
    if (node?.id !== undefined && node.role !== undefined)
      turns.push({ id: node.id, role: node.role, streaming: node.streaming ?? false, author: node.author?.id });
  }
  return turns;
}
