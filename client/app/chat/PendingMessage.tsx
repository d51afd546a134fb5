/** A message of the outbox: being sent, or failed with buttons to retry and discard it. */

import { useSession } from "../session/session.ts";
import { type OutboxMessage, outboxOf } from "./outbox.ts";
import { PersonText } from "./PersonMessage.tsx";

export function PendingMessage({ chatId, message }: { chatId: string; message: OutboxMessage }) {
  const outbox = outboxOf(useSession());
  return (
    <article className="own pending" data-status={message.error ? "UNSENT" : "SENDING"} aria-label="You">
      <PersonText>{message.content}</PersonText>
      {message.error === undefined ? (
        <footer className="sending">Sending…</footer>
      ) : (
        <footer>
          <span className="error" role="alert">
            Not sent. {message.error}
          </span>
          <button type="button" onClick={() => outbox.retry(chatId, message)}>
            Send again
          </button>
          <button type="button" onClick={() => outbox.discard(chatId, message.key)}>
            Discard
          </button>
        </footer>
      )}
    </article>
  );
}
