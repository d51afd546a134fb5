/** Deletes the account, after the password and a sentence about what is lost. */

import { type FormEvent, useState } from "react";
import { DeleteAccountDocument } from "../documents.ts";
import { signOut, useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";

export function DeleteAccount() {
  const { client } = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const erase = useAction(async (password: string) => {
    await client.mutate({ mutation: DeleteAccountDocument, variables: { input: { password } } });
    signOut();
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void erase.run(String(new FormData(event.currentTarget).get("password")));
  };
  if (!isAsking)
    return (
      <section>
        <h3>Delete the account</h3>
        <button type="button" onClick={() => setIsAsking(true)}>
          Delete my account…
        </button>
      </section>
    );
  return (
    <form onSubmit={submit}>
      <h3>Delete the account</h3>
      <p>
        You leave all chats, and cannot sign in any more. Chats that nobody else is in are deleted. Your messages in
        other chats stay, by “Deleted user”. This cannot be undone.
      </p>
      <label>
        Password, to confirm
        <input name="password" type="password" required maxLength={200} autoComplete="current-password" />
      </label>
      {erase.error && (
        <p className="error" role="alert">
          {erase.error}
        </p>
      )}
      <span className="buttons">
        <button type="button" onClick={() => setIsAsking(false)}>
          Keep it
        </button>
        <button type="submit" className="danger" disabled={erase.isRunning}>
          Delete my account
        </button>
      </span>
    </form>
  );
}
