/** Changes the name that other users see. */

import { type FormEvent, useId } from "react";
import { UpdateProfileDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { useAction } from "../ui/useAction.ts";
import { Outcome } from "./Outcome.tsx";

export function NameForm({ name }: { name: string }) {
  const { client } = useSession();
  const id = useId();
  const save = useAction((name: string) =>
    client.mutate({ mutation: UpdateProfileDocument, variables: { input: { name } } }),
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void save.run(String(new FormData(event.currentTarget).get("name")));
  };
  return (
    <form onSubmit={submit}>
      <label htmlFor={id}>Name</label>
      <span className="row">
        <input id={id} name="name" defaultValue={name} required maxLength={100} autoComplete="name" />
        <button type="submit" disabled={save.isRunning}>
          Save
        </button>
      </span>
      <Outcome action={save} done="Your name is changed." />
    </form>
  );
}
