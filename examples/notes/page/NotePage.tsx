/** One note: its text as it is being written, and what a member can do with it. */

import { useQuery } from "@apollo/client/react";
import { useConnection, useStream, useSync } from "@twotrack/client/apollo/react";
import { DELETE, NOTE, type Note, noteStream, RENAME, SHARE, STOP, UNSHARE, WRITE } from "./notes.ts";
import { useAct } from "./useAct.ts";

export function NotePage({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(NOTE, { variables: { id }, fetchPolicy: "cache-and-network" });
  if (data?.note) return <LiveNote note={data.note} refetch={refetch} />;
  return <p>{error?.message ?? (data && "This note does not exist, or is not shared with you.")}</p>;
}

function LiveNote({ note, refetch }: { note: Note; refetch: () => unknown }) {
  const { id } = note;
  const live = useStream(noteStream, note); // the note as it is being written: render this, not `note`
  useSync(id, live.revision, refetch); // it was renamed or deleted, or is being written again
  const isLost = useConnection().status === "lost";
  const { act, error = live.error } = useAct();
  const actions: Record<string, () => unknown> = {
    Share: () => ask("E-mail address of the new member", (email) => act(SHARE, { id, email })),
    Unshare: () => ask("E-mail address of the member to remove", (email) => act(UNSHARE, { id, email })),
    ...(live.streaming
      ? { Stop: () => act(STOP, { id }) }
      : {
          Rename: () => ask("New title", (title) => act(RENAME, { id, title })),
          "Write again": () => act(WRITE, { id }),
          Delete: () => act(DELETE, { id }),
        }),
  };
  return (
    <article aria-busy={live.streaming} data-status={live.status}>
      <h1>{live.title}</h1>
      <small>by {live.owner}</small>
      <p className="body">{live.body}</p>
      {isLost && <p role="status">Reconnecting…</p>}
      {error && <p role="alert">{error.message}</p>}
      {Object.entries(actions).map(([name, onClick]) => (
        <button key={name} type="button" onClick={onClick}>
          {name}
        </button>
      ))}
    </article>
  );
}

function ask(question: string, onAnswer: (answer: string) => unknown) {
  const answer = prompt(question);
  if (answer) onAnswer(answer);
}
