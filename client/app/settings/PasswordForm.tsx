/** Changes the password. The server ends all other sessions. */

import type { FormEvent } from "react";
import { ChangePasswordDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";
import { Outcome } from "./Outcome.tsx";

export function PasswordForm({ onChanged }: { onChanged: () => unknown }) {
  const { client } = useSession();
  const change = useAction(async (form: HTMLFormElement) => {
    const written = new FormData(form);
    const input = { currentPassword: String(written.get("current")), newPassword: String(written.get("new")) };
    await client.mutate({ mutation: ChangePasswordDocument, variables: { input } });
    form.reset();
    onChanged();
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void change.run(event.currentTarget);
  };
  return (
    <form onSubmit={submit}>
      <h3>Password</h3>
      <label>
        Current password
        <input name="current" type="password" required maxLength={200} autoComplete="current-password" />
      </label>
      <label>
        New password
        <input name="new" type="password" required minLength={10} maxLength={200} autoComplete="new-password" />
      </label>
      <button type="submit" disabled={change.isRunning}>
        Change password
      </button>
      <Outcome action={change} done="The password is changed. All other sessions have ended." />
    </form>
  );
}
