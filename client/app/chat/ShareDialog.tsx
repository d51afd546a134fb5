/** Who takes part in a chat, and how to let somebody in. */

import type { FormEvent } from "react";
import { AddParticipantDocument, RemoveParticipantDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { useAction } from "../ui/useAction.ts";
import type { ChatOnPage } from "./useChat.ts";

interface Props {
  readonly chat: ChatOnPage;
  readonly viewerId: string;
  readonly onClose: () => void;
}

export function ShareDialog({ chat, viewerId, onClose }: Props) {
  const { client } = useSession();
  const chatId = chat.id;
  const add = useAction(async (form: HTMLFormElement) => {
    const email = String(new FormData(form).get("email"));
    await client.mutate({ mutation: AddParticipantDocument, variables: { input: { chatId, email } } });
    form.reset();
  });
  const remove = useAction((userId: string) =>
    client.mutate({ mutation: RemoveParticipantDocument, variables: { input: { chatId, userId } } }),
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void add.run(event.currentTarget);
  };
  const problem = add.problem ?? remove.problem;
  return (
    <Dialog title="Share this chat" onClose={onClose}>
      <form className="add" onSubmit={submit}>
        <label>
          Let somebody in by their e-mail address
          <span>
            <input name="email" type="email" required placeholder="name@example.com" />
            <button type="submit" className="primary" disabled={add.isRunning}>
              Add
            </button>
          </span>
        </label>
        {problem && (
          <p className="error" role="alert">
            {problem}
          </p>
        )}
      </form>
      <ul className="participants" aria-label="Participants">
        {chat.participants.map(({ id, name }) => (
          <li key={id}>
            <Avatar name={name} />
            <span>
              {name}
              {id === viewerId && " (you)"}
            </span>
            {id === chat.owner.id ? (
              <small>Owner</small>
            ) : (
              chat.owner.id === viewerId && (
                <button
                  type="button"
                  onClick={() => remove.run(id)}
                  disabled={remove.isRunning}
                  aria-label={`Remove ${name}`}
                >
                  Remove
                </button>
              )
            )}
          </li>
        ))}
      </ul>
      <p className="aside">Everybody here sees the whole conversation and may write in it.</p>
    </Dialog>
  );
}
