/** Says what a reply without text waits for. */

import { type BubbleFragment, StopDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";
import { useTurns } from "./turns.ts";

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
      {isBehind && <CancelReply id={message.id} />}
    </p>
  );
}

/** Whether an earlier reply of the chat is streaming. Replies of a chat are written one after the other. */
function useIsBehind({ id, chatId }: Waiting): boolean {
  const turns = useTurns(chatId);
  const place = turns.findIndex((turn) => turn.id === id);
  return turns.slice(0, Math.max(0, place)).some(({ role, streaming }) => role === "ASSISTANT" && streaming);
}

/** The button beside the text field stops the reply that is being written, and not those that wait. */
function CancelReply({ id }: { id: string }) {
  const { client } = useSession();
  const cancel = useAction(() => client.mutate({ mutation: StopDocument, variables: { input: { messageId: id } } }));
  return (
    <button type="button" className="cancel" onClick={() => cancel.run()} disabled={cancel.isRunning}>
      Cancel
    </button>
  );
}
