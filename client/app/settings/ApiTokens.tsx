/** API tokens for programs: creates, lists and revokes them. A new one is shown once. */

import { type FormEvent, useId, useState } from "react";
import { type AccountQuery, CreateApiTokenDocument, RevokeApiTokenDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { formatDateTime } from "../ui/dates.ts";
import { useAction } from "../ui/useAction.ts";

interface Props {
  readonly tokens: NonNullable<AccountQuery["viewer"]>["apiTokens"];
  readonly onChanged: () => unknown;
}

export function ApiTokens({ tokens, onChanged }: Props) {
  const { client } = useSession();
  const id = useId();
  const [secret, setSecret] = useState<string>();
  const create = useAction(async (form: HTMLFormElement) => {
    const input = { name: String(new FormData(form).get("token")) };
    const { data } = await client.mutate({ mutation: CreateApiTokenDocument, variables: { input } });
    form.reset();
    setSecret(data?.createApiToken.token);
    onChanged();
  });
  const revoke = useAction(async (apiTokenId: string) => {
    await client.mutate({ mutation: RevokeApiTokenDocument, variables: { input: { apiTokenId } } });
    onChanged();
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void create.run(event.currentTarget);
  };
  const error = create.error ?? revoke.error;
  return (
    <section>
      <h3>API tokens</h3>
      <p className="aside">A program with a token reads and writes in your chats as you.</p>
      <ul aria-label="API tokens">
        {tokens.map(({ id, name, lastUsedAt }) => (
          <li key={id}>
            <span>
              {name}
              <small>{lastUsedAt ? `Last used ${formatDateTime(lastUsedAt)}` : "Not used yet"}</small>
            </span>
            <button
              type="button"
              onClick={() => revoke.run(id)}
              disabled={revoke.isRunning}
              aria-label={`Revoke ${name}`}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {secret && (
        <p className="secret" role="status">
          <span>Copy the token now. It is not shown again.</span>
          <code>{secret}</code>
          <CopyButton text={secret} label="Copy the token" />
        </p>
      )}
      <form onSubmit={submit}>
        <label htmlFor={id}>Name of a new token</label>
        <span className="row">
          <input id={id} name="token" required maxLength={100} autoComplete="off" />
          <button type="submit" disabled={create.isRunning}>
            Create
          </button>
        </span>
      </form>
      {error && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
    </section>
  );
}
