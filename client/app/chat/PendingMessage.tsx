/** A message on its way, or one that did not get through. */

import { useSession } from "../session/session.ts";
import { outboxOf, type Pending } from "./outbox.ts";
import { PersonText } from "./PersonMessage.tsx";

export function PendingMessage({ chatId, pending }: { chatId: string; pending: Pending }) {
  const outbox = outboxOf(useSession());
  return (
    <article className="own pending" data-status={pending.problem ? "UNSENT" : "SENDING"} aria-label="You">
      <PersonText>{pending.content}</PersonText>
      {pending.problem === undefined ? (
        <footer className="sending">Sending…</footer>
      ) : (
        <footer>
          <span className="error" role="alert">
            Not sent. {pending.problem}
          </span>
          <button type="button" onClick={() => outbox.again(chatId, pending)}>
            Send again
          </button>
          <button type="button" onClick={() => outbox.discard(chatId, pending.key)}>
            Discard
          </button>
        </footer>
      )}
    </article>
  );
}
