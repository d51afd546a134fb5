/** Says what a reply without text waits for. */

import { useFragment } from "@apollo/client/react";
import { type BubbleFragment, TurnsFragmentDoc } from "../documents.ts";

type Waiting = Pick<BubbleFragment, "id" | "chatId" | "activity">;

export function WaitingIndicator({ message }: { message: Waiting }) {
  const isBehind = useIsBehind(message);
  const text = isBehind ? "Waits for the reply before it." : message.activity;
  return (
    <p className="waiting">
      {text ? <span>{text}</span> : <span className="hidden">Waiting for the reply to start.</span>}
      <i />
      <i />
      <i />
    </p>
  );
}

/** Whether an earlier reply of the chat is streaming. Replies of a chat are written one after the other. */
function useIsBehind({ id, chatId }: Waiting): boolean {
  const { data } = useFragment({ fragment: TurnsFragmentDoc, from: { __typename: "Chat", id: chatId } });
  const messages = data.messages?.edges?.map((edge) => edge?.node) ?? [];
  const place = messages.findIndex((message) => message?.id === id);
  return messages.slice(0, Math.max(0, place)).some((message) => message?.role === "ASSISTANT" && message.streaming);
}
