/** Links to a chat: creates, lists and revokes them. A new one is shown once. */

import { useQuery } from "@apollo/client/react";
import { type FormEvent, useId, useState } from "react";
import { CreateLinkDocument, type LinkRole, LinksDocument, RevokeLinkDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { formatDate } from "../ui/dates.ts";
import { errorMessage } from "../ui/errors.ts";
import { linkAddress } from "../ui/paths.ts";
import { useAction } from "../ui/useAction.ts";
import type { LoadedChat } from "./useChat.ts";

const ROLES: Readonly<Record<LinkRole, string>> = { READER: "Read only", PARTICIPANT: "Join and write" };

/** How long a new link is valid, by the days; 0 is for ever. */
const LIFETIMES = [
  [7, "7 days"],
  [1, "1 day"],
  [30, "30 days"],
  [0, "no limit"],
] as const;

interface Props {
  readonly chat: LoadedChat;
  readonly viewerId: string;
}

export function Links({ chat, viewerId }: Props) {
  const { client } = useSession();
  const id = useId();
  const {
    data,
    error: loadError,
    refetch,
  } = useQuery(LinksDocument, {
    variables: { id: chat.id },
    fetchPolicy: "network-only",
  });
  const [address, setAddress] = useState<string>();
  const create = useAction(async (form: HTMLFormElement) => {
    const fields = new FormData(form);
    const days = Number(fields.get("days"));
    const expiresAt = days === 0 ? null : new Date(Date.now() + days * 86_400_000).toISOString();
    const input = { chatId: chat.id, role: fields.get("role") as LinkRole, expiresAt };
    const { data } = await client.mutate({ mutation: CreateLinkDocument, variables: { input } });
    setAddress(data && linkAddress(data.createLink.token));
    await refetch();
  });
  const revoke = useAction(async (linkId: string) => {
    await client.mutate({ mutation: RevokeLinkDocument, variables: { input: { linkId } } });
    setAddress(undefined);
    await refetch();
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void create.run(event.currentTarget);
  };
  const links = data?.chat?.links ?? [];
  const error = create.error ?? revoke.error ?? (loadError && errorMessage(loadError));
  return (
    <section className="links">
      <h3>Links</h3>
      <form onSubmit={submit}>
        <label htmlFor={`${id}-role`} className="hidden">
          What the link is for
        </label>
        <select id={`${id}-role`} name="role">
          {Object.entries(ROLES).map(([role, name]) => (
            <option key={role} value={role}>
              {name}
            </option>
          ))}
        </select>
        <label htmlFor={`${id}-days`}>for</label>
        <select id={`${id}-days`} name="days" aria-label="How long the link is valid">
          {LIFETIMES.map(([days, name]) => (
            <option key={days} value={days}>
              {name}
            </option>
          ))}
        </select>
        <button type="submit" disabled={create.isRunning}>
          Create link
        </button>
      </form>
      {address && (
        <p className="secret" role="status">
          <span>Copy the link now. It is not shown again.</span>
          <code>{address}</code>
          <CopyButton text={address} label="Copy the link" />
        </p>
      )}
      {error && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
      <ul aria-label="Links">
        {links.map(({ id, role, creator, createdAt, expiresAt }) => (
          <li key={id}>
            <span>
              {ROLES[role]}
              <small>
                By {creator.id === viewerId ? "you" : creator.name}, {formatDate(createdAt)}
                {expiresAt ? `. Until ${formatDate(expiresAt)}` : ""}
              </small>
            </span>
            {[creator.id, chat.owner.id].includes(viewerId) && (
              <button
                type="button"
                onClick={() => revoke.run(id)}
                disabled={revoke.isRunning}
                aria-label={`Revoke the link “${ROLES[role]}”`}
              >
                Revoke
              </button>
            )}
          </li>
        ))}
      </ul>
      <p className="aside">People with a link see all messages, including earlier ones, until it is revoked.</p>
    </section>
  );
}
