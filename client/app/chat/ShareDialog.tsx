/** Dialog that lists the participants of a chat, adds or removes them, and creates links. */

import type { FormEvent } from "react";
import { AddParticipantDocument, RemoveParticipantDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { useAction } from "../ui/useAction.ts";
import { Links } from "./Links.tsx";
import type { LoadedChat } from "./useChat.ts";

interface Props {
  readonly chat: LoadedChat;
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
  const error = add.error ?? remove.error;
  return (
    <Dialog title="Share this chat" onClose={onClose}>
      <form className="add" onSubmit={submit}>
        <label>
          Add a participant by e-mail address
          <span>
            <input name="email" type="email" required placeholder="name@example.com" />
            <button type="submit" className="primary" disabled={add.isRunning}>
              Add
            </button>
          </span>
        </label>
        {error && (
          <p className="error" role="alert">
            {error}
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
      <p className="aside">Participants see all messages, including earlier ones, and can write.</p>
      <Links chat={chat} viewerId={viewerId} />
    </Dialog>
  );
}
