/** A message of the outbox: being sent, waiting for the connection, or refused. A refused text can be changed. */

import { type FormEvent, useState } from "react";
import { useSession } from "../session/session.ts";
import { type OutboxMessage, outboxOf } from "./outbox.ts";
import { PersonText } from "./PersonText.tsx";

interface Props {
  readonly chatId: string;
  readonly message: OutboxMessage;
}

export function PendingMessage({ chatId, message }: Props) {
  const outbox = outboxOf(useSession());
  const [isEditing, setIsEditing] = useState(false);
  const { key, content, error, isWaiting } = message;
  const discard = (
    <button type="button" onClick={() => outbox.discard(chatId, key)}>
      Discard
    </button>
  );
  return (
    <article className="own pending" data-status={statusOf(message)} aria-label="You">
      {isEditing ? (
        <EditUnsent
          content={content}
          onSend={(changed) => outbox.retry(chatId, message, changed)}
          onClose={() => setIsEditing(false)}
        />
      ) : (
        <PersonText>{content}</PersonText>
      )}
      {error === undefined && !isWaiting && <footer className="sending">Sending…</footer>}
      {error === undefined && isWaiting && (
        <footer>
          <span role="status">Not sent yet. It is sent when the connection is back.</span>
          {discard}
        </footer>
      )}
      {error !== undefined && !isEditing && (
        <footer>
          <span className="error" role="alert">
            Not sent. {error}
          </span>
          <button type="button" onClick={() => outbox.retry(chatId, message)}>
            Send again
          </button>
          <button type="button" onClick={() => setIsEditing(true)}>
            Edit
          </button>
          {discard}
        </footer>
      )}
    </article>
  );
}

function statusOf({ error, isWaiting }: OutboxMessage): string {
  if (error !== undefined) return "UNSENT";
  return isWaiting ? "WAITING" : "SENDING";
}

interface EditProps {
  readonly content: string;
  readonly onSend: (content: string) => void;
  readonly onClose: () => void;
}

function EditUnsent({ content, onSend, onClose }: EditProps) {
  const [text, setText] = useState(content);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSend(text.trim());
    onClose();
  };
  return (
    <form className="edit" onSubmit={submit}>
      <textarea
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && onClose()}
        aria-label="Unsent text"
        dir="auto"
        // biome-ignore lint/a11y/noAutofocus: it appears because its button was pressed
        autoFocus
      />
      <footer>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="primary" disabled={text.trim() === ""}>
          Send
        </button>
      </footer>
    </form>
  );
}
