/** One note: its body as it is written, and what a member can do with it. */

import { useQuery } from "@apollo/client/react";
import { useStream, useSync } from "@twotrack/client/apollo";
import { Ask } from "./Ask.tsx";
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
  useSync(id, live.revision, refetch); // it was renamed, deleted, or is being written again
  const { act, error } = useAct();

  return (
    <article aria-busy={live.streaming} data-status={live.status}>
      <h1>{live.title}</h1>
      <small>by {live.owner}</small>
      <p className="body">{live.body}</p>
      {(error || live.error) && <p role="alert">{error || live.error?.message}</p>}
      {live.streaming ? (
        <button type="button" onClick={() => act(STOP, { id })}>
          Stop
        </button>
      ) : (
        <>
          <button type="button" onClick={() => act(WRITE, { id })}>
            Write again
          </button>
          <button type="button" onClick={() => act(DELETE, { id })}>
            Delete
          </button>
          <Ask label="New title" actions={{ Rename: (title) => act(RENAME, { id, title }) }} />
        </>
      )}
      <Ask
        label="E-mail of a member"
        type="email"
        actions={{ Share: (email) => act(SHARE, { id, email }), Unshare: (email) => act(UNSHARE, { id, email }) }}
      />
    </article>
  );
}
